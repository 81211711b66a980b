/** For whom a server is, and what makes that one fit to lead. Its numbers are exact; those of observers are -2^63. */
export interface Vote {
  /** Number of the proposed leader. */
  readonly leader: number;
  /** The last transaction in its log. */
  readonly zxid: number;
  /** The epoch whose leader it followed last. */
  readonly epoch: number;
}

/** Whoever followed the latest leader has all that may be committed; then the longer log; then the larger number. */
export function isBetter(a: Vote, b: Vote): boolean {
  if (a.epoch !== b.epoch) return a.epoch > b.epoch;
  if (a.zxid !== b.zxid) return a.zxid > b.zxid;
  return a.leader > b.leader;
}

export function isSame(a: Vote, b: Vote): boolean {
  return a.leader === b.leader && a.zxid === b.zxid && a.epoch === b.epoch;
}
