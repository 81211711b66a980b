import type { Endpoint, Runtime } from '../../../runtime/runtime.ts';
import type { FollowerVersions } from './inter-broker-versions.ts';
import type { Partition } from '../partition.ts';
import { ReplicaFetcher } from './replica-fetcher.ts';

export interface FetchersOptions {
  readonly brokerId: number;
  readonly versions: FollowerVersions;
  readonly numReplicaFetchers: number;
  readonly replicaFetchMaxBytes: number;
  readonly replicaFetchResponseMaxBytes: number;
  readonly replicaFetchMinBytes: number;
  readonly replicaFetchWaitMaxMs: number;
  readonly replicaFetchBackoffMs: number;
  readonly replicaSocketTimeoutMs: number;
  /** Where a broker listens for brokers. */
  endpoint(broker: number): Endpoint | undefined;
}

/** The fetchers of a broker: `num.replica.fetchers` for each leader that it follows. */
export class Fetchers {
  private readonly runtime: Runtime;
  private readonly options: FetchersOptions;
  private readonly fetchers = new Map<string, ReplicaFetcher>();
  private readonly followed = new Map<Partition, string>();

  constructor(runtime: Runtime, options: FetchersOptions) {
    this.runtime = runtime;
    this.options = options;
  }

  /** Follows the leader that the partition now has, from its log end after a truncation. */
  follow(partition: Partition): void {
    this.unfollow(partition);
    const source = partition.leader;
    const index = fetcherIndex(partition.topic, partition.partition, this.options.numReplicaFetchers);
    const key = `${source}:${index}`;
    let fetcher = this.fetchers.get(key);
    if (fetcher === undefined) this.fetchers.set(key, (fetcher = this.start(source, index)));
    this.followed.set(partition, key);
    fetcher.add(partition);
  }

  unfollow(partition: Partition): void {
    const key = this.followed.get(partition);
    if (key === undefined) return;
    this.followed.delete(partition);
    const fetcher = this.fetchers.get(key);
    fetcher?.remove(partition);
  }

  /** After a round of decisions: those without work end. */
  stopIdle(): void {
    for (const [key, fetcher] of this.fetchers) {
      if (fetcher.size > 0) continue;
      fetcher.stop();
      this.fetchers.delete(key);
    }
  }

  stop(): void {
    for (const fetcher of this.fetchers.values()) fetcher.stop();
    this.fetchers.clear();
    this.followed.clear();
  }

  private start(source: number, index: number): ReplicaFetcher {
    const { options } = this;
    return new ReplicaFetcher(this.runtime, {
      brokerId: options.brokerId,
      source,
      clientId: `broker-${options.brokerId}-fetcher-${index}`,
      versions: options.versions,
      maxBytes: options.replicaFetchMaxBytes,
      maxResponseBytes: options.replicaFetchResponseMaxBytes,
      minBytes: options.replicaFetchMinBytes,
      maxWaitMs: options.replicaFetchWaitMaxMs,
      backoffMs: options.replicaFetchBackoffMs,
      socketTimeoutMs: options.replicaSocketTimeoutMs,
      endpoint: () => options.endpoint(source),
    });
  }
}

/** Which of the fetchers of a leader serves a partition, as Apache spreads them. */
function fetcherIndex(topic: string, partition: number, fetchers: number): number {
  let hash = 0;
  for (let i = 0; i < topic.length; i += 1) hash = (Math.imul(31, hash) + topic.charCodeAt(i)) | 0;
  const mixed = (Math.imul(31, hash) + partition) | 0;
  return (mixed === -0x80000000 ? 0 : Math.abs(mixed)) % fetchers;
}
