/** One script by one ZooKeeper client, on gregor and on Apache, and the answers side by side. */
import { describe, expect, test } from 'vitest';
import { startZooKeeper, type ZooKeeper, type ZooKeeperMaker } from './clusters.ts';
import type { Observations } from './compare.ts';

export function compareZooKeeperClient(
  client: string,
  observe: (server: ZooKeeper) => Promise<Observations>,
  apache: ZooKeeperMaker = 'apache 3.9.5',
): void {
  describe(client, () => {
    const seen = new Map<ZooKeeperMaker, Observations>();
    test.each<ZooKeeperMaker>(['gregor', apache])('does its work on %s', async (maker) => {
      const server = await startZooKeeper(maker);
      try {
        seen.set(maker, await observe(server));
      } finally {
        await server.stop();
      }
    });
    test('sees on gregor what it sees on Apache', () => {
      expect(seen.get('gregor')).toBeDefined();
      expect(seen.get('gregor')).toEqual(seen.get(apache));
    });
  });
}
