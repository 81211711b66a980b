/** Two sums over all that was added: equal histories have equal ones. Cheap rather than strong. */
export class TraceSum {
  private a = 0x811c9dc5 | 0;
  private b = 0;
  private count = 0;
  private readonly float = new Float64Array(1);
  private readonly words = new Int32Array(this.float.buffer);

  /** One thing that happened: when, what, and a number that tells it from its like. */
  add(at: number, what: string, more = 0): void {
    this.float[0] = at;
    this.word(this.words[0]!);
    this.word(this.words[1]!);
    for (let i = 0; i < what.length; i++) this.word(what.charCodeAt(i));
    this.word(more);
    this.count += 1;
  }

  toString(): string {
    return `${this.count}-${hex(this.a)}${hex(this.b)}`;
  }

  private word(word: number): void {
    this.a = Math.imul(this.a ^ word, 0x01000193);
    this.b = Math.imul((this.b << 13) | (this.b >>> 19), 5) + word + (this.a >>> 15);
    this.b |= 0;
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
