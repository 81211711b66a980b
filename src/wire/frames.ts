import { SpareBuffers } from './spare-buffers.ts';
import { FrameLengthError } from './wire-error.ts';

/** Up to here a frame that came in parts gets its room at once; a larger one gets it as its bytes come, whatever it announced. */
const TRUSTED_BYTES = 1024 * 1024;

/**
 * Splits a TCP stream into frames that begin with their length (int32). A frame that lies within one chunk is a view of it; one
 * that came in parts is put together once.
 */
export class FrameSplitter {
  private readonly maxBytes: number;
  private readonly spares: SpareBuffers;
  private readonly length = Buffer.alloc(4);
  /** Bytes of the length that are there. */
  private lengthBytes = 0;
  /** The length of the frame that is being put together, -1 between frames. */
  private frameBytes = -1;
  private frame: Buffer = EMPTY;
  /** Bytes of the frame that are there. */
  private filled = 0;
  /** The frame that was given out last, where its memory is of our own. */
  private lastOwn: Buffer | null = null;

  constructor(maxBytes: number, spares = NO_SPARES) {
    this.maxBytes = maxBytes;
    this.spares = spares;
  }

  /** Calls `each` for every frame that `chunk` completes, without its length. Throws a WireError on a length that can't be. */
  push(chunk: Buffer, each: (frame: Buffer) => void): void {
    this.pushInPlace(chunk, (buffer, start, end) =>
      each(end - start === buffer.length ? buffer : buffer.subarray(start, end)),
    );
  }

  /** The same for a chunk that is right only until this returns: every frame is a copy. */
  pushLent(chunk: Buffer, each: (frame: Buffer) => void): void {
    this.pushInPlace(chunk, (buffer, start, end) => {
      if (buffer !== chunk) {
        each(buffer);
        return;
      }
      const frame = this.spares.take(end - start);
      chunk.copy(frame, 0, start, end);
      this.lastOwn = frame;
      each(frame);
    });
  }

  /** Nobody uses the frame that was given out last any more, if it is this one: its memory may become another's. */
  release(frame: Buffer): void {
    if (frame !== this.lastOwn) return;
    this.lastOwn = null;
    this.spares.give(frame);
  }

  /** The same without a view for each frame: it lies in `buffer` from `start` to `end`, as `Reader` takes it. */
  pushInPlace(chunk: Buffer, each: (buffer: Buffer, start: number, end: number) => void): void {
    const size = chunk.length;
    let at = 0;
    while (at < size) {
      if (this.frameBytes < 0) {
        if (this.lengthBytes === 0 && at + 4 <= size) {
          const frameBytes = this.checked(int32(chunk, at));
          at += 4;
          if (at + frameBytes <= size) {
            const start = at;
            at += frameBytes;
            this.lastOwn = null;
            each(chunk, start, at);
            continue;
          }
          this.begin(frameBytes);
        } else {
          this.length[this.lengthBytes++] = chunk[at++]!;
          if (this.lengthBytes < 4) continue;
          this.lengthBytes = 0;
          this.begin(this.checked(int32(this.length, 0)));
        }
      }
      const part = Math.min(size - at, this.frameBytes - this.filled);
      this.append(chunk, at, part);
      at += part;
      if (this.filled === this.frameBytes) {
        const frame = this.frame;
        this.frame = EMPTY;
        this.frameBytes = -1;
        this.filled = 0;
        this.lastOwn = frame;
        each(frame, 0, frame.length);
      }
    }
  }

  /** Whether all that was pushed belonged to whole frames. */
  get isBetweenFrames(): boolean {
    return this.lengthBytes === 0 && this.frameBytes < 0;
  }

  /** Bytes of an unfinished frame that are held here. */
  get pendingBytes(): number {
    return this.lengthBytes + this.filled;
  }

  private checked(length: number): number {
    if (length < 0 || length > this.maxBytes) throw new FrameLengthError(length, this.maxBytes);
    return length;
  }

  private begin(frameBytes: number): void {
    this.frameBytes = frameBytes;
    this.frame = this.spares.take(Math.min(frameBytes, TRUSTED_BYTES));
  }

  private append(chunk: Buffer, at: number, count: number): void {
    const needed = this.filled + count;
    if (needed > this.frame.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.frameBytes, 2 * needed));
      this.frame.copy(larger, 0, 0, this.filled);
      this.frame = larger;
    }
    chunk.copy(this.frame, this.filled, at, at + count);
    this.filled = needed;
  }
}

function int32(b: Buffer, at: number): number {
  return (b[at]! << 24) | (b[at + 1]! << 16) | (b[at + 2]! << 8) | b[at + 3]!;
}

const EMPTY = Buffer.alloc(0);
const NO_SPARES = new SpareBuffers(0);
