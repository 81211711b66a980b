import type { Clock } from '../../../runtime/runtime.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { ZooKeeperStorage } from '../../storage/storage.ts';
import type { Transaction } from '../../tree/transactions/transaction.ts';
import type { ServerMetrics } from '../metrics/metrics.ts';

/**
 * How transactions become final: a standalone server commits what its own disk has, the leader of an ensemble what a quorum has.
 * Commits come in the order of the proposals.
 */
export interface Proposer {
  /** The zxid of the next proposal. */
  nextZxid(): number;
  propose(transaction: Transaction): void;
}

export interface CommitListener {
  /** All transactions up to `zxid` are final: apply them. */
  committed(zxid: number): void;
  /** Nothing more can be made final here: the server must end. */
  failed(error: unknown): void;
}

/** Commits what the own log has on the disk. */
export class StandaloneProposer implements Proposer {
  private readonly storage: Pick<ZooKeeperStorage, 'lastZxid' | 'append' | 'sync'>;
  private readonly clock: Clock;
  private readonly metrics: ServerMetrics;
  private readonly groupCommit: GroupCommit;
  private lastZxid: number;
  /** Proposals that no sync has begun for. */
  private gathered = 0;

  constructor(
    storage: Pick<ZooKeeperStorage, 'lastZxid' | 'append' | 'sync'>,
    clock: Clock,
    metrics: ServerMetrics,
    listener: CommitListener,
  ) {
    this.storage = storage;
    this.clock = clock;
    this.metrics = metrics;
    this.lastZxid = storage.lastZxid;
    this.groupCommit = new GroupCommit(
      () => this.sync(),
      clock,
      (zxid) => listener.committed(zxid),
      (error) => listener.failed(error),
    );
  }

  nextZxid(): number {
    return this.lastZxid + 1;
  }

  propose(transaction: Transaction): void {
    this.lastZxid = transaction.header.zxid;
    this.storage.append(transaction);
    this.gathered += 1;
    this.groupCommit.want(this.lastZxid);
  }

  private async sync(): Promise<void> {
    this.metrics.batchSize.add(this.gathered);
    this.gathered = 0;
    const begunAtMs = this.clock.monotonicMs();
    await this.storage.sync();
    this.metrics.syncTime.add(this.clock.monotonicMs() - begunAtMs);
  }
}
