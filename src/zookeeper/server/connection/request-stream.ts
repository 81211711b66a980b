import { FrameSplitter } from '../../../wire/frames.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { fourLetterWord, type FourLetterWord } from '../admin/words.ts';

const NOTHING: Buffer = Buffer.alloc(0);

export interface RequestSink {
  /** Nothing more is to be told. */
  readonly isOver: boolean;
  /** A request lies in `body` from `start` to `end`. */
  frame(body: Buffer, start: number, end: number): void;
  /** A command came first, with what stood right behind it. */
  word(word: FourLetterWord, rest: Buffer): void;
}

/** What a client sends, cut into requests. Its first four bytes may be a command instead of a length. */
export class RequestStream {
  private readonly sink: RequestSink;
  private readonly maxBytes: number;
  private readonly splitter: FrameSplitter;
  private isFirst = true;
  /** The first bytes, while there are fewer than four. */
  private beginning: Buffer = NOTHING;

  /** `maxBytes`: frames are smaller than that. */
  constructor(maxBytes: number, sink: RequestSink) {
    this.maxBytes = maxBytes;
    this.sink = sink;
    this.splitter = new FrameSplitter(maxBytes - 1);
  }

  /** Frames that lie within `incoming` are handled in place. Throws a WireError. */
  push(incoming: Buffer): void {
    const { sink, maxBytes } = this;
    let bytes = incoming;
    let at = 0;
    if (this.isFirst) {
      if (this.beginning.length > 0) bytes = Buffer.concat([this.beginning, incoming]);
      this.beginning = bytes.length < 4 ? bytes : NOTHING;
      if (bytes.length < 4) return;
      this.isFirst = false;
      const word = fourLetterWord(bytes.readInt32BE(0));
      if (word !== null) {
        sink.word(word, bytes.subarray(4));
        return;
      }
    }
    if (this.splitter.isBetweenFrames) {
      while (at + 4 <= bytes.length) {
        const length = bytes.readInt32BE(at);
        if (length < 0 || length >= maxBytes)
          throw new WireError('frame length', at, `${length} is not between 0 and ${maxBytes - 1}`);
        const end = at + 4 + length;
        if (end > bytes.length) break;
        sink.frame(bytes, at + 4, end);
        if (sink.isOver) return;
        at = end;
      }
    }
    if (at === bytes.length) return;
    this.splitter.push(at === 0 ? bytes : bytes.subarray(at), (frame) => {
      if (!sink.isOver) sink.frame(frame, 0, frame.length);
    });
  }
}
