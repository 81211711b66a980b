import type { File } from '../../runtime/runtime.ts';

const WINDOW_BYTES = 1 << 20;

/** Reads a file from start to end through a window, so that large files don't have to fit in memory. */
export class FileWindow {
  /** Holds the bytes from `position` on; valid until the next `need`. */
  buffer: Buffer;
  /** Of the next byte, in `buffer`. */
  position = 0;
  private filled: number;
  /** Where `buffer` begins in the file. */
  private base: number;
  private readonly file: File | null;
  private readonly size: number;
  /** Called with bytes that were read over and are about to leave the window. */
  private readonly passed: (bytes: Buffer, start: number, end: number) => void;
  private reported = 0;

  /** `source`: a file, or all bytes of it at once. */
  constructor(
    source: File | Buffer,
    passed: (bytes: Buffer, start: number, end: number) => void = () => undefined,
    /** Where to begin in a file. */
    from = 0,
  ) {
    this.passed = passed;
    this.base = from;
    if (Buffer.isBuffer(source)) {
      this.file = null;
      this.buffer = source;
      this.filled = source.length;
      this.size = source.length;
    } else {
      this.file = source;
      this.size = source.size();
      this.buffer = Buffer.allocUnsafeSlow(Math.max(Math.min(WINDOW_BYTES, this.size), 16));
      this.filled = 0;
    }
  }

  /** Where the next byte stands in the file. */
  get offset(): number {
    return this.base + this.position;
  }

  /** Bytes from here to the end of the file. */
  get remaining(): number {
    return this.size - this.offset;
  }

  /** Makes the next `count` bytes available from `position` on. False: the file ends before. */
  need(count: number): boolean {
    if (this.filled - this.position >= count) return true;
    if (count > this.remaining || this.file === null) return false;
    this.report();
    const left = this.filled - this.position;
    const into =
      count > this.buffer.length
        ? Buffer.allocUnsafeSlow(Math.max(count, this.buffer.length * 2))
        : this.buffer;
    this.buffer.copy(into, 0, this.position, this.filled);
    this.buffer = into;
    this.base += this.position;
    this.position = 0;
    this.reported = 0;
    this.filled = left;
    const wanted = Math.min(into.length, this.size - this.base) - left;
    this.filled += this.file.read(into, left, wanted, this.base + left);
    return this.filled >= count;
  }

  /** Hands what was read over since the last call to `passed`. */
  report(): void {
    if (this.position > this.reported) this.passed(this.buffer, this.reported, this.position);
    this.reported = this.position;
  }
}
