import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameSplitter } from './frames.ts';
import { WireError } from './wire-error.ts';

function framed(frames: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    frames.flatMap((frame) => {
      const length = Buffer.alloc(4);
      length.writeInt32BE(frame.length);
      return [length, frame];
    }),
  );
}

test('frames come out as they went in, however the stream is cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }), (frames, cuts) => {
      const stream = framed(frames);
      const splitter = new FrameSplitter(1000);
      const seen: Buffer[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = cuts[i % cuts.length]!;
        splitter.push(stream.subarray(at, at + size), (frame) => seen.push(frame));
        at += size;
      }
      expect(seen.map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
      expect(splitter.pendingBytes).toBe(0);
    }),
  );
});

test('a frame within one chunk is a view of it', () => {
  const chunk = framed([Buffer.from('one'), Buffer.from('two')]);
  const seen: Buffer[] = [];
  new FrameSplitter(10).push(chunk, (frame) => seen.push(frame));
  expect(seen.map(String)).toEqual(['one', 'two']);
  expect(seen.every((frame) => frame.buffer === chunk.buffer)).toBe(true);
});

test.each([-1, 11, 2 ** 31 - 1])('a frame length of %i is refused when 10 is allowed', (length) => {
  const header = Buffer.alloc(4);
  header.writeInt32BE(length);
  const fail = () => {
    throw new Error('no frame expected');
  };
  expect(() => new FrameSplitter(10).push(header, fail)).toThrow(WireError);
  const slow = new FrameSplitter(10);
  slow.push(header.subarray(0, 1), fail);
  expect(() => slow.push(header.subarray(1), fail)).toThrow(WireError);
});

test('a huge announced frame takes memory only as its bytes come', () => {
  const header = Buffer.alloc(4);
  header.writeInt32BE(2 ** 31 - 1);
  const before = process.memoryUsage().arrayBuffers;
  const splitters = Array.from({ length: 20 }, () => {
    const splitter = new FrameSplitter(2 ** 31 - 1);
    splitter.push(header, () => undefined);
    return splitter;
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(splitters.length * 2 * 1024 * 1024);
});

test('a frame larger than what is given at once is put together', () => {
  const big = Buffer.alloc(5_000_000, 'abcdefg');
  const stream = framed([big, Buffer.from('x')]);
  const seen: Buffer[] = [];
  const splitter = new FrameSplitter(10_000_000);
  for (let at = 0; at < stream.length; at += 65536)
    splitter.push(stream.subarray(at, at + 65536), (f) => seen.push(f));
  expect(seen[0]!.equals(big)).toBe(true);
  expect(String(seen[1])).toBe('x');
});
