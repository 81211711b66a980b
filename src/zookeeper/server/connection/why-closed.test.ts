import { expect, test } from 'vitest';
import { FrameLengthError, WireError } from '../../../wire/wire-error.ts';
import { whyClosed } from './why-closed.ts';

test.each([
  [
    new FrameLengthError(1_048_653, 1_048_574),
    'it sent a request of 1048653 bytes, and jute.maxbuffer=1048575 allows 1048574; to let it in set jute.maxbuffer higher, at all servers and clients alike',
  ],
  [
    new FrameLengthError(Buffer.from('GET ').readInt32BE(), 1_048_574),
    'it sent "GET ", which is neither a four-letter word nor the beginning of a request',
  ],
  [new FrameLengthError(-5, 1_048_574), "it sent a request of -5 bytes, which isn't ZooKeeper's protocol"],
  [new WireError('path', 8, 'it ends too early'), 'path at byte 8: it ends too early'],
])('%s is told to people', (error, sentence) => {
  expect(whyClosed(error)).toBe(sentence);
});
