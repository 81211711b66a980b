import { expect, test } from 'vitest';
import {
  connectFrame,
  requests,
  startTestServer,
  TestPeer,
  type TestServer,
} from '../../../../test/zookeeper/test-server.ts';
import { Admin } from './admin.ts';
import { PROMETHEUS_PROVIDER, type ZooKeeperConfig } from '../config/config.ts';
import type { HttpResponse } from './http.ts';
import { metricsText } from '../metrics/prometheus-text.ts';

/** super:test */
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';

async function withSession(
  config: Partial<ZooKeeperConfig> = {},
): Promise<{ zk: TestServer; peer: TestPeer }> {
  const zk = startTestServer({ fourLetterWords: '*', ...config });
  const peer = new TestPeer(zk.server);
  peer.send(connectFrame());
  await zk.clock.settle();
  peer.send(requests.create(1, '/one'));
  await zk.clock.settle();
  return { zk, peer };
}

function asker(
  zk: TestServer,
): (path: string, authorization?: string, method?: string) => Promise<HttpResponse> {
  const admin = new Admin(zk.server, () => zk.server);
  return (target, authorization, method = 'GET') => {
    const [path = '', query = ''] = target.split('?');
    return admin.answer({
      method,
      path,
      query: new URLSearchParams(query),
      authorization: authorization ?? null,
      clientAddress: '127.0.0.1',
    });
  };
}

test('commands are listed, 64-bit ids stay exact, and an unknown name is told in JSON with status 200', async () => {
  const { zk, peer } = await withSession();
  const ask = asker(zk);
  expect((await ask('/commands')).body).toContain('<a href="/commands/stats">stats</a>\n<br/>\n');
  expect((await ask('/commands/cons')).body).toContain(
    `"session_id" : ${peer.frames[0]!.readBigInt64BE(8)},`,
  );
  expect((await ask('/commands/ruok')).body).toBe('{\n  "command" : "ruok",\n  "error" : null\n}');
  expect(await ask('/commands/nosuch')).toMatchObject({
    status: 200,
    body: '{\n  "command" : "nosuch",\n  "error" : "Unknown command: nosuch"\n}',
  });
  expect((await ask('/elsewhere')).status).toBe(404);
});

test('the trace mask is set and told, and wrong ones are refused', async () => {
  const ask = asker((await withSession()).zk);
  expect((await ask('/commands/gtmk')).body).toContain('"tracemask" : 306,');
  expect((await ask('/commands/stmk?traceMask=5')).body).toContain('"tracemask" : 5,');
  expect((await ask('/commands/get_trace_mask')).body).toContain('"tracemask" : 5,');
  expect((await ask('/commands/stmk')).body).toContain('setTraceMask requires long traceMask argument');
  expect((await ask('/commands/stmk?traceMask=x')).body).toContain('argument, got x');
});

test('snapshots are for those who may do everything with the root, and not for all of them at once', async () => {
  const { zk } = await withSession({ superDigest });
  const ask = asker(zk);
  expect(await ask('/commands/snapshot')).toMatchObject({ status: 401 });
  expect((await ask('/commands/snapshot', 'kerberos x')).body).toContain('"Not authenticated"');
  expect((await ask('/commands/snapshot', 'digest')).status).toBe(401);
  expect((await ask('/commands/restore', 'digest super:test', 'POST')).status).toBe(503);
  expect((await ask('/commands/snapshot', 'digest super:test', 'POST')).status).toBe(405);
  // The storage of this test writes none: that is told, too.
  expect((await ask('/commands/snap', 'digest super:test')).status).toBe(500);
  expect((await ask('/commands/snap', 'digest super:test')).status).toBe(429);
  expect(zk.server.metrics.counters).toMatchObject({
    snapshot_error_count: 1,
    snapshot_rate_limited_count: 1,
  });
});

test('mntr, monitor and Prometheus tell the same numbers, each in its own words', async () => {
  const { zk } = await withSession();
  const monitor = JSON.parse(String((await asker(zk)('/commands/mntr')).body));
  expect(monitor).toMatchObject({ command: 'monitor', error: null, znode_count: 6, cnt_fsynctime: 2 });
  expect(metricsText(zk.server)).toContain(
    '# HELP znode_count znode_count\n# TYPE znode_count gauge\nznode_count 6.0\n',
  );
  expect(metricsText(zk.server)).toContain(
    '\nupdatelatency{quantile="0.99",} 0.0\nupdatelatency_count 2.0\n',
  );
});

test('with the provider for Prometheus mntr and monitor speak its language', async () => {
  const { zk } = await withSession({ metricsProvider: PROMETHEUS_PROVIDER });
  const monitor = JSON.parse(String((await asker(zk)('/commands/mntr')).body));
  expect(monitor).toMatchObject({
    'updatelatency{quantile="0.5"}': 0,
    'election_time{quantile="0.5"}': 'NaN',
    znode_count: 6,
  });
});

test('a reset of the statistics begins all counting anew', async () => {
  const { zk } = await withSession();
  const ask = asker(zk);
  await ask('/commands/stat_reset');
  const { server_stats: stats } = JSON.parse(String((await ask('/commands/srvr')).body));
  expect(stats).toMatchObject({ packets_sent: 0, packets_received: 0, max_latency: 0 });
  expect(stats.client_response_stats.last_buffer_size).toBe(-1);
  expect(JSON.parse(String((await ask('/commands/mntr')).body))).toMatchObject({ cnt_updatelatency: 0 });
});
