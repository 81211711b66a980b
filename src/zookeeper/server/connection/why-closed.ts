import { FrameLengthError, type WireError } from '../../../wire/wire-error.ts';

/** Larger than any jute.maxbuffer: four letters read as a number are. */
const FOUR_LETTERS = 0x20000000;

/** What a client sent that can't be read, for people: most often a znode that is too large, or somebody who speaks another protocol. */
export function whyClosed(error: WireError): string {
  if (!(error instanceof FrameLengthError)) return error.message;
  const { length, maxBytes } = error;
  if (length >= FOUR_LETTERS) {
    const text = Buffer.alloc(4);
    text.writeInt32BE(length);
    const word = text.toString('latin1');
    if (/^[\x20-\x7e]{4}$/.test(word))
      return `it sent "${word}", which is neither a four-letter word nor the beginning of a request`;
  }
  return length < 0
    ? `it sent a request of ${length} bytes, which isn't ZooKeeper's protocol`
    : `it sent a request of ${length} bytes, and jute.maxbuffer=${maxBytes + 1} allows ${maxBytes}; to let it in set jute.maxbuffer higher, at all servers and clients alike`;
}
