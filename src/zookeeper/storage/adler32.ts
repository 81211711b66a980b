import { createSimdAdler32, type SimdAdler32 } from './adler32-simd.ts';

const BASE = 65521;
/** So many bytes can be added before the sums could leave 32 bits. */
const MOST_BEFORE_MODULO = 3800;

/** Below this copying the bytes to where the vectors work costs more than it saves. */
const FEWEST_FOR_SIMD = 256;

/** One for all, since it keeps nothing between two calls; made at the first use. */
let simd: SimdAdler32 | null | undefined;

/** Adler-32 of what is fed to it, as Apache's logs and snapshots have it. */
export class Adler32 {
  private low = 1;
  private high = 0;

  update(bytes: Buffer, start: number, end: number): void {
    if (simd === undefined) simd = createSimdAdler32();
    if (simd === null || end - start < FEWEST_FOR_SIMD) {
      this.updatePlainly(bytes, start, end);
      return;
    }
    const { memory } = simd;
    let sum = this.value;
    for (let at = start; at < end; at += memory.length) {
      const stop = Math.min(at + memory.length, end);
      bytes.copy(memory, 0, at, stop);
      sum = simd.sum(0, stop - at, sum);
    }
    this.low = sum & 0xffff;
    this.high = sum >>> 16;
  }

  /** The same without vectors. */
  updatePlainly(bytes: Buffer, start: number, end: number): void {
    let low = this.low;
    let high = this.high;
    let at = start;
    while (at < end) {
      const stop = Math.min(at + MOST_BEFORE_MODULO, end);
      // Eight at a time: the chain of additions that each byte must wait for is what this costs.
      for (; at + 8 <= stop; at += 8) {
        const s1 = bytes[at]!;
        const s2 = s1 + bytes[at + 1]!;
        const s3 = s2 + bytes[at + 2]!;
        const s4 = s3 + bytes[at + 3]!;
        const s5 = s4 + bytes[at + 4]!;
        const s6 = s5 + bytes[at + 5]!;
        const s7 = s6 + bytes[at + 6]!;
        const s8 = s7 + bytes[at + 7]!;
        high = (high + (low << 3) + s1 + s2 + s3 + s4 + s5 + s6 + s7 + s8) | 0;
        low = (low + s8) | 0;
      }
      for (; at < stop; at++) {
        low = (low + bytes[at]!) | 0;
        high = (high + low) | 0;
      }
      low %= BASE;
      high = (high >>> 0) % BASE;
    }
    this.low = low;
    this.high = high;
  }

  get value(): number {
    return ((this.high << 16) | this.low) >>> 0;
  }

  reset(): void {
    this.low = 1;
    this.high = 0;
  }
}
