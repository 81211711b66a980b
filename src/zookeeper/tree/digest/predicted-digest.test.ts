import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { TestWorld } from '../../../../test/support/tree-world.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import { OpCode } from '../../jute/op-code.ts';
import { digestAfter } from './predicted-digest.ts';
import type { Transaction } from '../transactions/transaction.ts';

const paths = ['/a', '/b', '/a/x', '/a/y', '/ü', '/zookeeper/quota/a'];

test('what a transaction will make of the digest is known before it is applied', () => {
  const step = fc.record({
    op: fc.constantFrom(
      'create',
      'ephemeral',
      'sequential',
      'container',
      'setData',
      'delete',
      'setAcl',
      'close',
    ),
    path: fc.constantFrom(...paths),
    data: fc.constantFrom(null, '', 'some data', 'ö'.repeat(300)),
  });
  let known = 0;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new TestWorld();
      const digests = createNodeDigests();
      for (const { op, path, data } of steps) {
        world.timeMs += 7;
        const transaction = ((): Transaction => {
          switch (op) {
            case 'create':
              return world.create(path, { data });
            case 'ephemeral':
              return world.create(path, { data, flags: 1, session: 2n });
            case 'sequential':
              return world.create(path, { data, flags: 2 });
            case 'container':
              return world.create(path, { data, flags: 4, op: OpCode.createContainer });
            case 'setData':
              return world.setData(path, data);
            case 'delete':
              return world.delete(path);
            case 'setAcl':
              return world.setAcl(path, [{ perms: 31, id: { scheme: 'ip', id: '1.2.3.4' } }]);
            default:
              return world.prepare(OpCode.closeSession, Buffer.alloc(0), 2n);
          }
        })();
        const predicted = digestAfter(world.tree, digests, transaction);
        world.run(transaction);
        if (predicted === null) continue;
        known += 1;
        expect(predicted).toBe(world.tree.digest);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
  expect(known).toBeGreaterThan(500);
});
