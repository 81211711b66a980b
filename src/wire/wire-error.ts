/** Bytes that can't be what they should be: cut short, a length that can't be right, a number out of range. */
export class WireError extends Error {
  /** What was being read, e.g. `int32` or `frame length`. */
  readonly what: string;
  /** Where in the buffer it stands. */
  readonly position: number;
  constructor(what: string, position: number, problem: string) {
    super(`${what} at byte ${position}: ${problem}`);
    this.name = 'WireError';
    this.what = what;
    this.position = position;
  }
}

/** The length in front of a frame is one that no frame may have. */
export class FrameLengthError extends WireError {
  readonly length: number;
  readonly maxBytes: number;
  constructor(length: number, maxBytes: number) {
    super('frame length', 0, `${length} is not between 0 and ${maxBytes}`);
    this.name = 'FrameLengthError';
    this.length = length;
    this.maxBytes = maxBytes;
  }
}
