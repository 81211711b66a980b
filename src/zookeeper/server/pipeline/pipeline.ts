import type { Clock } from '../../../runtime/runtime.ts';
import type { ZooKeeperStorage } from '../../storage/storage.ts';
import type { ApplyResult } from '../../tree/transactions/apply-result.ts';
import type { RequestPreparer } from '../../tree/requests/request-preparer.ts';
import type { Transaction } from '../../tree/transactions/transaction.ts';
import type { CommitListener, Proposer } from './proposer.ts';
import { Queue } from './queue.ts';
import type { Request } from './request.ts';

/** What the rest of the server does when a write is through. */
export interface PipelineEvents {
  /** Right after the transaction was applied, before the next one is. `request` is null when it came to another server; `result` is valid during the call. */
  applied(request: Request | null, transaction: Transaction, result: ApplyResult): void;
  /** All that is committed by now is applied: the moment to send answers. */
  settled(): void;
  failed(error: unknown): void;
}

/** Where a server's writes go. */
export interface WritePath {
  /** Writes that are not committed yet. */
  readonly outstanding: number;
  submit(request: Request): void;
}

/**
 * The way of a write: prepare (checks it against the tree as it will be, gives it a zxid), propose, commit, apply, answer. Whether a
 * commit needs one disk or a quorum is the proposer's affair.
 */
export class RequestPipeline implements WritePath, CommitListener {
  private readonly storage: Pick<ZooKeeperStorage, 'tree' | 'maybeSnapshot'>;
  private readonly preparer: RequestPreparer;
  private readonly clock: Clock;
  private readonly events: PipelineEvents;
  private readonly proposer: Proposer;
  private readonly proposed = new Queue<Request>();
  private readonly transactions = new Queue<Transaction>();

  constructor(
    storage: Pick<ZooKeeperStorage, 'tree' | 'maybeSnapshot'>,
    preparer: RequestPreparer,
    clock: Clock,
    events: PipelineEvents,
    makeProposer: (listener: CommitListener) => Proposer,
  ) {
    this.storage = storage;
    this.preparer = preparer;
    this.clock = clock;
    this.events = events;
    this.proposer = makeProposer(this);
  }

  /** Writes that are not committed yet. */
  get outstanding(): number {
    return this.proposed.length;
  }

  submit(request: Request): void {
    const transaction = this.preparer.prepare(request, this.proposer.nextZxid(), this.clock.wallMs());
    this.proposed.push(request);
    this.transactions.push(transaction);
    this.proposer.propose(transaction);
  }

  committed(zxid: number): void {
    const tree = this.storage.tree;
    let applied = -1;
    for (;;) {
      const transaction = this.transactions.peek();
      if (transaction === undefined || transaction.header.zxid > zxid) break;
      this.transactions.shift();
      const request = this.proposed.shift()!;
      const result = tree.apply(transaction);
      applied = transaction.header.zxid;
      this.events.applied(request, transaction, result);
    }
    if (applied >= 0) {
      this.preparer.applied(applied);
      this.storage.maybeSnapshot();
    }
    this.events.settled();
  }

  failed(error: unknown): void {
    this.events.failed(error);
  }
}
