import type { Timer } from '../../../runtime/runtime.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import type { AckWaiter } from './ack-queue.ts';
import type { Partition } from '../partition.ts';

/** What became of one partition's records. */
export interface AppendResult {
  code: number;
  /** For people; null where the code says it all. */
  message: string | null;
  firstOffset: number;
  lastOffset: number;
  logAppendTimeMs: number;
  logStartOffset: number;
}

/** Appends with acks −1 that wait for the high watermark: one for each partition of a request. */
export class DelayedAppend {
  private readonly results: AppendResult[];
  private readonly done: (results: AppendResult[]) => void;
  private readonly pending: PendingAppend[] = [];
  private open = 0;
  private timer: Timer | null = null;

  constructor(results: AppendResult[], done: (results: AppendResult[]) => void) {
    this.results = results;
    this.done = done;
  }

  add(partition: Partition, result: AppendResult): void {
    const pending = new PendingAppend(this, partition, result);
    this.pending.push(pending);
    this.open += 1;
    partition.acks.wait(result.lastOffset + 1, pending);
  }

  wait(timer: Timer): void {
    this.timer = timer;
  }

  /** The time is over: those that aren't replicated yet are said to have timed out, though their records stay. */
  expire(): void {
    for (const pending of this.pending) {
      if (pending.isSettled) continue;
      pending.partition.acks.remove(pending);
      pending.settled(ErrorCode.REQUEST_TIMED_OUT);
    }
  }

  settledOne(): void {
    this.open -= 1;
    if (this.open > 0) return;
    this.timer?.cancel();
    this.done(this.results);
  }
}

class PendingAppend implements AckWaiter {
  readonly partition: Partition;
  isSettled = false;
  private readonly owner: DelayedAppend;
  private readonly result: AppendResult;

  constructor(owner: DelayedAppend, partition: Partition, result: AppendResult) {
    this.owner = owner;
    this.partition = partition;
    this.result = result;
  }

  settled(code: number): void {
    this.isSettled = true;
    this.result.code = code;
    this.owner.settledOne();
  }
}
