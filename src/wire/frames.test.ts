import { expect, test } from 'vitest';
import fc from '../../test/support/properties.ts';
import { FrameSplitter } from './frames.ts';
import { SpareBuffers } from './spare-buffers.ts';
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

test('frames of a lent chunk stay right when the chunk changes, and a released one gives its memory to the next', () => {
  const frames = fc.array(fc.integer({ min: 0, max: 9000 }), { minLength: 1, maxLength: 12 });
  const cuts = fc.array(fc.integer({ min: 500, max: 20_000 }), { minLength: 1 });
  fc.assert(
    fc.property(frames, cuts, fc.boolean(), (sizes, cuts, releases) => {
      const stream = framed(sizes.map((size, i) => Buffer.alloc(size, i + 1)));
      const splitter = new FrameSplitter(10_000, new SpareBuffers(100_000));
      const room = Buffer.alloc(20_000);
      const seen: Buffer[] = [];
      const check = (frame: Buffer): void => {
        seen.push(frame);
        expect(frame.equals(Buffer.alloc(sizes[seen.length - 1]!, seen.length))).toBe(true);
        if (releases) splitter.release(frame);
      };
      for (let at = 0, i = 0; at < stream.length; i++) {
        const size = Math.min(cuts[i % cuts.length]!, stream.length - at);
        stream.copy(room, 0, at, at + size);
        splitter.pushLent(room.subarray(0, size), check);
        room.fill(0);
        at += size;
      }
      expect(seen).toHaveLength(sizes.length);
      if (!releases)
        expect(seen.every((frame, i) => frame.equals(Buffer.alloc(sizes[i]!, i + 1)))).toBe(true);
    }),
  );
});

test('only the frame that was given out last, and lies in memory of the splitter, can be released', () => {
  const spares = new SpareBuffers(100_000);
  const splitter = new FrameSplitter(10_000, spares);
  const seen: Buffer[] = [];
  const chunk = framed([Buffer.alloc(5000), Buffer.alloc(6000)]);
  splitter.push(chunk, (frame) => seen.push(frame));
  splitter.release(seen[1]!);
  splitter.pushLent(chunk, (frame) => seen.push(frame));
  splitter.release(seen[2]!);
  expect(spares.take(5000).buffer).not.toBe(seen[2]!.buffer);
  expect(spares.take(6000).buffer).not.toBe(chunk.buffer);
  splitter.release(seen[3]!);
  expect(spares.take(6000).buffer).toBe(seen[3]!.buffer);
});

test('spare buffers are bounded, and none is much larger than what it is used for', () => {
  const spares = new SpareBuffers(20_000);
  const [a, b, c] = [spares.take(8000), spares.take(8000), spares.take(9000)];
  for (const each of [a, b, c]) spares.give(each);
  expect(spares.take(8500).buffer).toBe(c.buffer);
  expect(spares.take(8000).buffer).toBe(b.buffer);
  expect(spares.take(8000).buffer).not.toBe(a.buffer);
  spares.give(c);
  expect(spares.take(5000).buffer).toBe(c.buffer);
  const large = spares.take(18_000);
  spares.give(large);
  expect(spares.take(4096).buffer).not.toBe(large.buffer);
});
