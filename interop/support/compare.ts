/**
 * One script by one client, on gregor and on Apache, and the answers side by side. A script gives what it saw as plain data, with
 * everything left out that changes from run to run.
 */
import { describe, expect, test } from 'vitest';
import { startCluster, type ClusterOptions, type KafkaCluster, type Maker } from './clusters.ts';
import { run } from './processes.ts';

export type Observations = Record<string, unknown>;

export function compareClient(
  client: string,
  observe: (cluster: KafkaCluster) => Promise<Observations>,
  options: ClusterOptions & { apache?: Maker; check?: (seen: Observations) => void } = {},
): void {
  describe(client, () => {
    const seen = new Map<Maker, Observations>();
    const apache = options.apache ?? 'apache 2.3.0';
    test.each<Maker>(['gregor', apache])('does its work on %s', async (maker) => {
      const cluster = await startCluster(maker, options);
      try {
        const observations = await observe(cluster);
        options.check?.(observations);
        seen.set(maker, observations);
      } catch (error) {
        const logs = cluster.brokers.map(
          (b) => `broker ${b.id}:\n${b.log.split('\n').slice(-12).join('\n')}`,
        );
        throw new Error(`${String(error)}\n${logs.join('\n')}`, { cause: error });
      } finally {
        await cluster.stop();
      }
    });
    test('sees on gregor what it sees on Apache', () => {
      expect(seen.get('gregor')).toBeDefined();
      expect(seen.get('gregor')).toEqual(seen.get(apache));
    });
  });
}

/** Runs a program that prints its observations as one JSON object on its last line. */
export async function observeBy(command: string, args: string[], timeoutMs = 120_000): Promise<Observations> {
  const { code, out, err } = await run(command, args, { timeoutMs });
  const last = out.trim().split('\n').at(-1) ?? '';
  if (code !== 0 || !last.startsWith('{'))
    throw new Error(`${command} ${args.join(' ')} ended with ${code}\n${out}\n${err}`);
  return JSON.parse(last) as Observations;
}
