/** Smaller ones cost less to make than to look for. */
const SMALLEST_BYTES = 4096;
const LARGEST_BYTES = 1024 * 1024;
/** A spare buffer may be so much larger than what is asked for. */
const WASTE = 4;

/**
 * Large buffers that were used and are free again. Memory outside of JavaScript's heap makes the collector run by its size alone: at 300 MB a
 * second, each in a buffer of its own, that is a third of a broker's time.
 */
export class SpareBuffers {
  private readonly limitBytes: number;
  private spares: Buffer[] = [];
  private heldBytes = 0;

  /** Holds at most so many bytes. */
  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** A buffer of this size with anything in it. */
  take(bytes: number): Buffer {
    if (bytes < SMALLEST_BYTES) return Buffer.allocUnsafe(bytes);
    const { spares } = this;
    for (let i = spares.length - 1; i >= 0; i--) {
      const spare = spares[i]!;
      if (spare.length < bytes || spare.length > WASTE * bytes) continue;
      spares.splice(i, 1);
      this.heldBytes -= spare.length;
      return spare.length === bytes ? spare : spare.subarray(0, bytes);
    }
    return Buffer.allocUnsafeSlow(bytes);
  }

  /** `buffer` came from `take`, and nobody uses it any more. */
  give(buffer: Buffer): void {
    const { byteLength } = buffer.buffer;
    if (buffer.length < SMALLEST_BYTES || byteLength > LARGEST_BYTES) return;
    const whole = byteLength === buffer.length ? buffer : Buffer.from(buffer.buffer);
    this.spares.push(whole);
    this.heldBytes += byteLength;
    while (this.heldBytes > this.limitBytes) this.heldBytes -= this.spares.shift()!.length;
  }
}
