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
