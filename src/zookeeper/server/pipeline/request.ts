import type { Id } from '../../tree/acl/acl.ts';
import type { ApplyResult } from '../../tree/transactions/apply-result.ts';
import type { WriteRequest } from '../../tree/requests/request-preparer.ts';

/** Who gets the answer of a write. */
export interface Requester {
  /** Right after the transaction of its oldest write was applied. `result` is valid during the call. */
  answerWrite(request: Request, zxid: number, result: ApplyResult, nowMs: number): void;
}

/**
 * A request that waits: a write until it is committed, a read behind writes of its own session. The record lies in `body` from
 * `start` to `end`.
 */
export class Request implements WriteRequest {
  readonly requester: Requester | null;
  readonly sessionId: bigint;
  readonly xid: number;
  readonly op: number;
  readonly body: Buffer;
  readonly start: number;
  readonly end: number;
  readonly authIds: readonly Id[];
  /** Monotonic ms. */
  readonly receivedAtMs: number;
  /** An ErrorCode: it is refused before it is looked at. */
  refusal = 0;

  constructor(
    requester: Requester | null,
    sessionId: bigint,
    xid: number,
    op: number,
    body: Buffer,
    start: number,
    end: number,
    authIds: readonly Id[],
    receivedAtMs: number,
  ) {
    this.requester = requester;
    this.sessionId = sessionId;
    this.xid = xid;
    this.op = op;
    this.body = body;
    this.start = start;
    this.end = end;
    this.authIds = authIds;
    this.receivedAtMs = receivedAtMs;
  }

  get cxid(): number {
    return this.xid;
  }
}
