/** Splits what comes over a socket into lines of JSON. */
export class JsonLines {
  private rest = '';
  private readonly bytesMax: number;
  private readonly decoder = new TextDecoder();

  /** bytesMax: a longer line is no message of ours. */
  constructor(bytesMax = 1 << 20) {
    this.bytesMax = bytesMax;
  }

  /** @throws SyntaxError when a line is no JSON, RangeError when it is too long. */
  push(chunk: Uint8Array): unknown[] {
    const text = this.rest + this.decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    this.rest = lines.pop() ?? '';
    if (this.rest.length > this.bytesMax) throw new RangeError('a line of the control socket is too long');
    return lines.filter((line) => line !== '').map((line): unknown => JSON.parse(line));
  }
}
