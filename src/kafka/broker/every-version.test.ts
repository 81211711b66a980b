import { afterEach, expect, test } from 'vitest';
import { askEverything, exchanges } from '../../../test/support/exchanges/ask-everything.ts';
import { TestCluster, endpointOf } from '../../../test/support/test-cluster.ts';
import type { Network, Runtime } from '../../runtime/runtime.ts';
import { apiByKey } from '../protocol/apis.ts';

let cluster: TestCluster | null = null;

afterEach(async () => {
  await cluster?.stop();
  cluster = null;
});

test(
  'every API that is advertised answers in every version that is advertised, without a surprise, and the connection stays',
  { timeout: 60_000 },
  async () => {
    cluster = await TestCluster.start(1, { 'offsets.topic.replication.factor': '1' });
    let connections = 0;
    const network: Network = Object.create(cluster.client.network, {
      connect: {
        value: (...args: Parameters<Network['connect']>) => {
          connections += 1;
          return cluster!.client.network.connect(...args);
        },
      },
    }) as Network;
    const runtime: Runtime = { ...cluster.client, network };
    const { served, heard } = await askEverything(runtime, { id: 1, ...endpointOf(1) });
    expect(heard.filter(({ unexpected }) => unexpected.length > 0)).toEqual([]);
    expect(connections).toBe(1);

    const known = new Set(exchanges.map(({ api }) => api.key));
    const silent = [...served.keys()].filter((key) => !known.has(key));
    expect(silent.map((key) => `${apiByKey(key)?.name} is advertised, but nobody asks for it here`)).toEqual(
      [],
    );
  },
);
