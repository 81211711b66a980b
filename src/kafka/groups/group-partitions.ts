import type { Runtime } from '../../runtime/runtime.ts';
import type { BrokerConfig } from '../broker/config/broker-config.ts';
import { ErrorCode } from '../protocol/errors.ts';
import type { CompressionKind } from '../../wire/compression.ts';
import type { LocalReplicas } from '../replication/local-replicas.ts';
import { recordVersions, type RecordVersions } from './group-records.ts';
import { loadGroups } from './load-groups.ts';
import { OffsetsLog } from './offsets-log.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';
import { partitionFor } from './coordinator-partition.ts';
import { OwnedPartition } from './owned-partition.ts';

export interface GroupPartitionsOptions {
  readonly config: GroupConfig;
  readonly replicas: LocalReplicas;
  /** How many partitions the offsets topic has; undefined while it doesn't exist. */
  readonly offsetsTopicPartitions: () => number | undefined;
}

/** What groups need of a broker's configuration. */
export type GroupConfig = Pick<
  BrokerConfig,
  | 'interBrokerProtocolVersion'
  | 'groupMinSessionTimeoutMs'
  | 'groupMaxSessionTimeoutMs'
  | 'groupInitialRebalanceDelayMs'
  | 'groupMaxSize'
  | 'offsetMetadataMaxBytes'
  | 'offsetsTopicNumPartitions'
  | 'offsetsTopicCompressionCodec'
  | 'offsetsRetentionMinutes'
  | 'offsetsRetentionCheckIntervalMs'
  | 'offsetsCommitTimeoutMs'
>;

const COMPRESSIONS: readonly CompressionKind[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd'];

/** Which partitions of the offsets topic this broker leads, and so which groups it coordinates. */
export class GroupPartitions {
  private readonly runtime: Runtime;
  private readonly options: GroupPartitionsOptions;
  private readonly versions: RecordVersions;
  private readonly owned = new Map<number, OwnedPartition>();

  constructor(runtime: Runtime, options: GroupPartitionsOptions) {
    this.runtime = runtime;
    this.options = options;
    this.versions = recordVersions(options.config.interBrokerProtocolVersion);
  }

  start(): void {
    this.options.replicas.onLeadershipChange({
      becameLeader: (topic, partition, leaderEpoch) => {
        if (topic === OFFSETS_TOPIC) this.own(partition, leaderEpoch);
      },
      becameFollower: (topic, partition, leaderEpoch) => {
        if (topic === OFFSETS_TOPIC) this.disown(partition, leaderEpoch);
      },
    });
  }

  stop(): void {
    for (const owned of this.owned.values()) owned.close();
    this.owned.clear();
  }

  partitionOf(groupId: string): number {
    const { config, offsetsTopicPartitions } = this.options;
    return partitionFor(groupId, offsetsTopicPartitions() ?? config.offsetsTopicNumPartitions);
  }

  /** Where a group is coordinated, or the error code that says why not here or not now. */
  find(groupId: string): OwnedPartition | number {
    const owned = this.owned.get(this.partitionOf(groupId));
    if (owned === undefined) return ErrorCode.NOT_COORDINATOR;
    return owned.state === 'ready' ? owned : ErrorCode.COORDINATOR_LOAD_IN_PROGRESS;
  }

  get isLoading(): boolean {
    for (const owned of this.owned.values()) if (owned.state === 'loading') return true;
    return false;
  }

  /** Those that are loaded. */
  *ready(): Generator<OwnedPartition> {
    for (const owned of this.owned.values()) if (owned.state === 'ready') yield owned;
  }

  private own(partition: number, leaderEpoch: number): void {
    const known = this.owned.get(partition);
    if (known !== undefined && known.leaderEpoch >= leaderEpoch) return;
    known?.close();
    const { config, replicas } = this.options;
    const log = new OffsetsLog(this.runtime, partition, {
      replicas,
      timeoutMs: config.offsetsCommitTimeoutMs,
      compression: COMPRESSIONS[config.offsetsTopicCompressionCodec] ?? 'none',
    });
    const limits = {
      initialRebalanceDelayMs: config.groupInitialRebalanceDelayMs,
      maxSize: config.groupMaxSize,
    };
    const owned = new OwnedPartition(this.runtime, {
      partition,
      leaderEpoch,
      log,
      limits,
      versions: this.versions,
    });
    this.owned.set(partition, owned);
    void this.load(owned);
  }

  private async load(owned: OwnedPartition): Promise<void> {
    const { log } = this.runtime;
    const name = `${OFFSETS_TOPIC}-${owned.partition}`;
    try {
      const loaded = await loadGroups(this.runtime, this.options.replicas, owned.partition);
      if (owned.state !== 'loading') return;
      if (loaded === null) this.disown(owned.partition, undefined);
      else {
        owned.loaded(loaded);
        if (owned.groups.size > 0)
          log.info(`coordinates ${groupsInWords([...owned.groups.keys()])} from now on`);
      }
    } catch (error) {
      // Without its groups the partition must not be served: members would be told that they are unknown, offsets that there are none.
      log.error(`${name}: groups can't be read: ${String(error)}`);
    }
  }

  private disown(partition: number, leaderEpoch: number | undefined): void {
    const owned = this.owned.get(partition);
    if (owned === undefined || (leaderEpoch !== undefined && owned.leaderEpoch > leaderEpoch)) return;
    this.owned.delete(partition);
    owned.close();
  }
}

function groupsInWords(ids: readonly string[]): string {
  if (ids.length === 1) return `the consumer group ${ids[0]}`;
  return ids.length <= 3 ? `the consumer groups ${ids.join(', ')}` : `${ids.length} consumer groups`;
}
