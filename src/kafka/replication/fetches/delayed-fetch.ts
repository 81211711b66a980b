import type { Timer } from '../../../runtime/runtime.ts';
import type { FetchParams, FetchResult } from './fetch-reader.ts';
import { worthReading } from './fetch-reader.ts';
import type { FetchPartition } from './fetch-session.ts';
import type { Partition } from '../partition.ts';

/** What a fetch reads. */
export interface FetchSource {
  read(requests: readonly FetchPartition[], params: FetchParams): FetchResult[];
  /** Nobody wants these any more. */
  release(results: readonly FetchResult[]): void;
}

/**
 * A fetch that waits for enough to read. It hangs on its partitions, is looked at once a turn when one of them changed, and is
 * answered with what there is when its time is over.
 */
export class DelayedFetch {
  private readonly requests: readonly FetchPartition[];
  private readonly partitions: readonly Partition[];
  private readonly params: FetchParams;
  private readonly source: FetchSource;
  private readonly done: (results: FetchResult[]) => void;
  private timer: Timer | null = null;
  private finished = false;

  /** `partitions[i]` is what `requests[i]` wants. */
  constructor(
    requests: readonly FetchPartition[],
    partitions: readonly Partition[],
    params: FetchParams,
    source: FetchSource,
    done: (results: FetchResult[]) => void,
  ) {
    this.requests = requests;
    this.partitions = partitions;
    this.params = params;
    this.source = source;
    this.done = done;
  }

  wait(timer: Timer): void {
    this.timer = timer;
    for (const partition of this.partitions) partition.fetches.add(this);
  }

  /** Something changed. Completes when that is enough. */
  check(): void {
    if (this.finished) return;
    const { partitions, requests, params } = this;
    for (let i = 0; i < partitions.length; i += 1) {
      if (!worthReading(partitions[i]!, requests[i]!, params)) continue;
      const results = this.source.read(requests, params);
      if (isEnough(results, params)) this.finish(results);
      else this.source.release(results);
      return;
    }
  }

  /** Answers with what there is. */
  complete(): void {
    if (!this.finished) this.finish(this.source.read(this.requests, this.params));
  }

  /** Nobody waits for the answer any more. */
  cancel(): void {
    if (!this.finished) this.leave();
  }

  private finish(results: FetchResult[]): void {
    this.leave();
    this.done(results);
  }

  private leave(): void {
    this.finished = true;
    this.timer?.cancel();
    for (const partition of this.partitions) partition.fetches.delete(this);
  }
}

/** Whether a fetch needn't wait (any longer): enough bytes, or something that the fetcher must hear of at once. */
export function isEnough(results: readonly FetchResult[], params: FetchParams): boolean {
  let bytes = 0;
  for (const result of results) {
    if (result.code !== 0 || result.diverging !== null) return true;
    bytes += result.sizeBytes;
  }
  return bytes >= params.minBytes;
}
