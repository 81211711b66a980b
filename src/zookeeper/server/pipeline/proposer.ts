import type { Clock } from '../../../runtime/runtime.ts';
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

/**
 * Commits after the own log's sync. All proposals of a turn are one write, and while a sync runs the next ones gather, so that one
 * sync serves all that wait.
 */
export class StandaloneProposer implements Proposer {
  private readonly storage: Pick<ZooKeeperStorage, 'lastZxid' | 'append' | 'sync'>;
  private readonly clock: Clock;
  private readonly metrics: ServerMetrics;
  private readonly listener: CommitListener;
  private lastZxid: number;
  private syncing = false;
  private scheduled = false;
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
    this.listener = listener;
    this.lastZxid = storage.lastZxid;
  }

  nextZxid(): number {
    return this.lastZxid + 1;
  }

  propose(transaction: Transaction): void {
    this.lastZxid = transaction.header.zxid;
    this.storage.append(transaction);
    this.gathered += 1;
    if (this.syncing || this.scheduled) return;
    this.scheduled = true;
    this.clock.soon(() => {
      this.scheduled = false;
      this.sync();
    });
  }

  private sync(): void {
    if (this.gathered === 0 || this.syncing) return;
    this.syncing = true;
    this.metrics.batchSize.add(this.gathered);
    this.gathered = 0;
    const begunAtMs = this.clock.monotonicMs();
    const upTo = this.lastZxid;
    this.storage.sync().then(
      () => {
        this.syncing = false;
        this.metrics.syncTime.add(this.clock.monotonicMs() - begunAtMs);
        // First the next sync, so that the disk works while the answers are made.
        this.sync();
        this.listener.committed(upTo);
      },
      (error: unknown) => this.listener.failed(error),
    );
  }
}
