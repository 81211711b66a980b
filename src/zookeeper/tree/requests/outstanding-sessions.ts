/** Which sessions there will be when all that was prepared is applied: those of the tree, and what transactions on their way open and close. */
export class OutstandingSessions {
  private readonly inTree: { has(sessionId: bigint): boolean };
  /** With the zxids of their transactions. */
  private readonly opening = new Map<bigint, number>();
  private readonly closing = new Map<bigint, number>();
  /** The last one that was found to be there, until it closes: writes of one session often follow each other. 0 is no session's. */
  private known = 0n;

  constructor(inTree: { has(sessionId: bigint): boolean }) {
    this.inTree = inTree;
  }

  has(sessionId: bigint): boolean {
    if (sessionId === this.known && sessionId !== 0n) return true;
    if (this.closing.has(sessionId)) return false;
    if (!this.inTree.has(sessionId) && !this.opening.has(sessionId)) return false;
    this.known = sessionId;
    return true;
  }

  opens(sessionId: bigint, zxid: number): void {
    this.opening.set(sessionId, zxid);
  }

  closes(sessionId: bigint, zxid: number): void {
    this.closing.set(sessionId, zxid);
    if (this.known === sessionId) this.known = 0n;
  }

  /** The transactions up to this one are in the tree now. */
  applied(zxid: number): void {
    forget(this.opening, zxid);
    forget(this.closing, zxid);
  }
}

function forget(sessions: Map<bigint, number>, upTo: number): void {
  if (sessions.size === 0) return;
  for (const [sessionId, zxid] of sessions) if (zxid <= upTo) sessions.delete(sessionId);
}
