import { expect, test } from 'vitest';
import fc from '../../../test/support/properties.ts';
import { createNodeCodecs } from '../node/codecs.ts';
import { createNodeDigests } from '../node/digests.ts';
import type { Connection } from '../runtime.ts';
import { SimulatedWorld } from './simulated-world.ts';

type Step = { afterMs: number; end: 'a' | 'b' } & (
  | { kind: 'write'; size: number }
  | { kind: 'pause' }
  | { kind: 'resume' }
  | { kind: 'end' }
  | { kind: 'destroy' }
);

const step: fc.Arbitrary<Step> = fc
  .record({ afterMs: fc.nat(3), end: fc.constantFrom('a' as const, 'b' as const) })
  .chain((base) =>
    fc
      .oneof(
        {
          weight: 8,
          arbitrary: fc.record({
            kind: fc.constant('write' as const),
            size: fc.oneof(fc.nat(50), fc.nat(300_000)),
          }),
        },
        { weight: 2, arbitrary: fc.constant({ kind: 'pause' as const }) },
        { weight: 3, arbitrary: fc.constant({ kind: 'resume' as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: 'end' as const }) },
        { weight: 1, arbitrary: fc.constant({ kind: 'destroy' as const }) },
      )
      .map((what) => ({ ...base, ...what })),
  );

/** One end: what it wrote, what it got, how often it was told of its close. */
class End {
  written = 0;
  got = 0;
  wrong = 0;
  closes = 0;
  refusedWrites = 0;
  drains = 0;
  destroyed = false;
  private readonly connection: Connection;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        // The stream is a counter, so a byte in the wrong place shows.
        for (const byte of bytes) if (byte !== this.got++ % 251) this.wrong++;
        if (this.closes > 0 || this.destroyed) this.wrong++;
      },
      drained: () => this.drains++,
      closed: () => this.closes++,
    });
  }

  do(what: Step): void {
    const { connection } = this;
    if (what.kind === 'write') {
      const bytes = Buffer.alloc(what.size);
      for (let i = 0; i < what.size; i++) bytes[i] = (this.written + i) % 251;
      const before = connection.bufferedBytes;
      if (!connection.write(bytes)) this.refusedWrites++;
      if (connection.bufferedBytes > before || what.size === 0) this.written += what.size;
    } else {
      if (what.kind === 'destroy') this.destroyed = true;
      connection[what.kind]();
    }
  }
}

test('whatever both ends do, bytes arrive in order and once, and each end is closed exactly once', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.array(step, { maxLength: 40 }), async (seed, steps) => {
      const world = new SimulatedWorld({
        seed,
        digests: createNodeDigests(),
        codecs: createNodeCodecs(),
        afterPromises: (run) => void setImmediate(run),
        lossRate: 0.02,
      });
      const [left, right] = [world.host('left').runtime, world.host('right').runtime];
      await world.play(async () => {
        let accepted!: Connection;
        await right.network.listen({ host: '', port: 1 }, (connection) => (accepted = connection));
        const client = await left.network.connect({ host: 'right', port: 1 });
        const [a, b] = [new End(client), new End(accepted)];
        for (const one of steps) {
          await new Promise<void>((resolve) => left.clock.after(one.afterMs, resolve));
          (one.end === 'a' ? a : b).do(one);
        }
        for (const connection of [client, accepted]) {
          connection.resume();
          connection.end();
        }
        await new Promise<void>((resolve) => left.clock.after(60_000, resolve));
        const cutShort = a.destroyed || b.destroyed;
        for (const [from, to] of [
          [a, b],
          [b, a],
        ] as const) {
          expect(to.wrong).toBe(0);
          expect(to.closes).toBe(1);
          if (cutShort) expect(to.got).toBeLessThanOrEqual(from.written);
          else expect(to.got).toBe(from.written);
        }
      });
    }),
    { numRuns: 60 },
  );
});
