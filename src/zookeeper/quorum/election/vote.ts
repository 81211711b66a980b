/** For whom a server is, and what makes that one fit to lead. zxids are exact up to epoch 2^21; those of observers are -2^63. */
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

const COUNTER_LIMIT = 0x1_0000_0000;

export const epochOf = (zxid: number): number => Math.floor(zxid / COUNTER_LIMIT);
// Several times as fast as %, which for numbers of this size is a function of C's.
export const counterOf = (zxid: number): number => zxid - epochOf(zxid) * COUNTER_LIMIT;
export const firstZxid = (epoch: number): number => epoch * COUNTER_LIMIT;
/** A leader that gets here ends its epoch. */
export const LAST_COUNTER = 0xffff_ffff;

/** Whether `next` may stand right behind `last` in a log: counted on by one, or the first of a later epoch. */
export function follows(next: number, last: number): boolean {
  return next === last + 1 ? counterOf(next) !== 0 : epochOf(next) > epochOf(last) && counterOf(next) === 1;
}
