/** A zxid has the epoch of the leader that made it in its upper 32 bits, and counts from 1 in the lower ones. */
const COUNTER_LIMIT = 0x1_0000_0000;
/** zxids of later epochs aren't exact any more. An epoch a minute would get there in four years. */
export const LAST_EPOCH = 0x1f_ffff;
/** The last transaction of that. */
export const LAST_ZXID = Number.MAX_SAFE_INTEGER;

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
