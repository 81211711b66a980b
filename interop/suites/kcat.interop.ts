import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type KafkaCluster, type Maker } from '../support/clusters.ts';
import { run, until } from '../support/processes.ts';

const makers: Maker[] = ['gregor', 'apache 2.3.0'];

describe.each(makers)('kcat on %s', (maker) => {
  let cluster: KafkaCluster;
  beforeAll(async () => {
    cluster = await startCluster(maker);
  });
  afterAll(() => cluster?.stop());

  const kcat = (args: string[], input?: string) =>
    run('kcat', ['-b', cluster.bootstrap, '-m', '30', ...args], input === undefined ? {} : { input });
  /** It gives up when the broker that it asks hasn't heard of the topic yet. */
  const consume = (args: string[]) =>
    until('what was produced', async () => {
      const { code, out } = await kcat([...args, '-e', '-q']);
      return code === 0 && out.trim().split('\n');
    });
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `key-${from + i}:value-${from + i}`).join('\n') + '\n';

  test('lists the brokers and creates a topic by asking for it', async () => {
    const topic = await until('the topic', async () => {
      const { code, out } = await kcat(['-L', '-J', '-t', 'asked']);
      if (code !== 0) return false;
      const metadata = JSON.parse(out) as {
        brokers: { id: number }[];
        topics: { topic: string; partitions: { leader: number; error?: string }[] }[];
      };
      expect(metadata.brokers.map((b) => b.id).sort()).toEqual([1, 2, 3]);
      const [found] = metadata.topics;
      return found?.partitions.length === 3 && found.partitions.every((p) => p.leader > 0) ? found : false;
    });
    expect(topic.topic).toBe('asked');
  });

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])(
    'produces with acks=all and %s, and consumes all of it in order, with keys and headers',
    async (codec) => {
      const topic = `codec-${codec}`;
      const produced = await kcat(
        ['-P', '-t', topic, '-p', '0', '-K', ':', '-z', codec, '-X', 'acks=all', '-H', 'trace=7'],
        lines(0, 500),
      );
      expect(produced).toMatchObject({ code: 0 });
      expect(await consume(['-C', '-t', topic, '-p', '0', '-f', '%o %k:%s %h\\n'])).toEqual(
        Array.from({ length: 500 }, (_, i) => `${i} key-${i}:value-${i} trace=7`),
      );
    },
  );

  test('an idempotent producer writes each record once', async () => {
    const produced = await kcat(
      ['-P', '-t', 'idempotent', '-p', '1', '-K', ':', '-X', 'enable.idempotence=true'],
      lines(0, 200),
    );
    expect(produced).toMatchObject({ code: 0 });
    expect(await consume(['-C', '-t', 'idempotent', '-p', '1', '-f', '%k\\n'])).toHaveLength(200);
  });

  test('a consumer group reads everything, commits, and goes on where it left off', async () => {
    await kcat(['-P', '-t', 'grouped', '-K', ':'], lines(0, 300));
    const inGroup = ['-X', 'auto.offset.reset=earliest', '-f', '%k\\n', '-G', 'readers', 'grouped'];
    expect(new Set(await consume(inGroup)).size).toBe(300);
    await kcat(['-P', '-t', 'grouped', '-K', ':'], lines(300, 310));
    expect(new Set(await consume(inGroup))).toEqual(
      new Set(Array.from({ length: 10 }, (_, i) => `key-${300 + i}`)),
    );
  });

  test('finds offsets by time', async () => {
    await kcat(['-P', '-t', 'timed', '-p', '0', '-K', ':'], lines(0, 20));
    // The leader of the partition that nobody wrote to may learn last that it leads.
    await expect
      .poll(
        async () => (await kcat(['-Q', '-t', 'timed:0:0', '-t', 'timed:1:-1'])).out.trim().split('\n').sort(),
        {
          timeout: 20_000,
        },
      )
      .toEqual(['timed [0] offset 0', 'timed [1] offset 0']);
  });
});
