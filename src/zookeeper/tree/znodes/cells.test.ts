import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { Cells } from './cells.ts';

test('pieces keep their bytes whatever else comes and goes, and memory without use is given back', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 40_000 }), fc.nat()), { maxLength: 200 }),
      (steps) => {
        const cells = new Cells();
        const live: { handle: number; size: number; byte: number }[] = [];
        const check = ({ handle, size, byte }: (typeof live)[number]): void => {
          const at = cells.offset(handle);
          expect(
            cells
              .buffer(handle)
              .subarray(at, at + size)
              .every((value) => value === byte),
          ).toBe(true);
        };
        for (const [size, choice] of steps) {
          if (choice % 3 === 0 && live.length > 0) {
            const [gone] = live.splice(choice % live.length, 1);
            check(gone!);
            cells.free(gone!.handle);
          } else {
            const handle = cells.allocate(size);
            const at = cells.offset(handle);
            cells.buffer(handle).fill(choice, at, at + size);
            live.push({ handle, size, byte: choice % 256 });
          }
        }
        live.forEach(check);
        const classes = new Set(steps.map(([size]) => size));
        for (const { handle } of live) cells.free(handle);
        expect(cells.capacityBytes).toBeLessThanOrEqual(classes.size * 64 * 1024);
      },
    ),
    { numRuns: 60 },
  );
});

test('a slot is at most an eighth and 16 bytes larger than what is in it', () => {
  const cells = new Cells();
  for (const size of [1, 100, 1096, 5000, 16_384]) {
    const before = cells.capacityBytes;
    const count = Math.floor(65_536 / (size * 1.125 + 16));
    for (let i = 0; i < count; i++) cells.allocate(size);
    expect(cells.capacityBytes - before).toBeLessThanOrEqual(65_536);
  }
});
