/** Apache's digest version of what is computed here. */
export const DIGEST_VERSION = 2;

/** A sum of unsigned 32-bit numbers, wrapping at 64 bits: so the order in which znodes changed doesn't matter. */
export class DigestSum {
  private high = 0;
  private low = 0;

  /** `digest`: as int32 or uint32. */
  add(digest: number): void {
    this.low += digest >>> 0;
    if (this.low >= 0x1_0000_0000) {
      this.low -= 0x1_0000_0000;
      this.high = (this.high + 1) | 0;
    }
  }

  subtract(digest: number): void {
    this.low -= digest >>> 0;
    if (this.low < 0) {
      this.low += 0x1_0000_0000;
      this.high = (this.high - 1) | 0;
    }
  }

  clear(): void {
    this.high = 0;
    this.low = 0;
  }

  /** As a signed long. */
  get value(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }
}
