import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ask } from '../src/cli/control/control-client.ts';
import { controlPath } from '../src/cli/control/control-path.ts';
import { virtualRunners } from '../src/cli/make-runners.ts';
import { RunningProject } from '../src/cli/running-project.ts';
import { serverStarters } from '../src/cli/server-starters.ts';
import { stateFolder } from '../src/compose/cluster/host-paths.ts';
import { planFromFiles } from '../src/compose/make-plan.ts';
import { silentLog } from '../src/runtime/node/log.ts';
import { createNodeRuntime } from '../src/runtime/node/node-runtime.ts';
import { ZooKeeperClient } from '../src/zookeeper/client/client.ts';
import { isZooKeeperError } from '../src/zookeeper/client/errors.ts';
import { folderWith } from './support/compose-project.ts';
import { eventually } from './support/eventually.ts';

const service = (id: number): string => `
  zk${id}:
    image: confluentinc/cp-zookeeper:7.5.0
    ports: ["0:2181"]
    environment:
      ZOOKEEPER_SERVER_ID: ${id}
      ZOOKEEPER_CLIENT_PORT: 2181
      ZOOKEEPER_TICK_TIME: 500
      ZOOKEEPER_SERVERS: zk1:2888:3888;zk2:2888:3888;zk3:2888:3888
      ZOOKEEPER_SKIP_ACL: "yes"
      KAFKA_OPTS: -Dzookeeper.reconfigEnabled=true`;

async function up(folder: string): Promise<RunningProject> {
  const { plan } = planFromFiles({ files: [join(folder, 'compose.yml')], env: {} });
  const running = await RunningProject.open(plan!, virtualRunners(serverStarters), 'info');
  onTestFinished(() => running.stop());
  await running.started;
  return running;
}

/** What a server says of the ensemble once it serves. */
async function clientOf(running: RunningProject, name: string): Promise<ZooKeeperClient> {
  const { published } = running.status().services.find((one) => one.name === name)!;
  const client = new ZooKeeperClient(createNodeRuntime({ log: silentLog }), {
    servers: [{ host: '127.0.0.1', port: published[0]!.hostPort }],
    sessionTimeoutMs: 5000,
  });
  onTestFinished(() => client.close());
  client.start();
  await client.connected();
  return client;
}

const serversOf = async (running: RunningProject, name: string): Promise<string[]> => {
  const { data } = await (await clientOf(running, name)).getData('/zookeeper/config');
  return data!.toString().match(/^server\.\d+/gm)!;
};

test('a reconfigured ensemble stays reconfigured: when a server is started again, killed and started, and after down and up', async () => {
  const folder = folderWith({ 'compose.yml': `services:${[1, 2, 3].map(service).join('')}\n` });
  const running = await up(folder);
  const control = controlPath(stateFolder(folder));
  // Those that stay must follow already: the new quorum is theirs.
  const [, client] = await Promise.all(['zk1', 'zk2', 'zk3'].map((name) => clientOf(running, name)));
  // Who leads may be who leaves, and then the answer is lost.
  await client!.reconfig({ leaving: '3' }).catch((error: unknown) => {
    if (!isZooKeeperError(error, 'ConnectionLoss')) throw error;
  });
  await eventually(async () => (await serversOf(running, 'zk1')).length === 2);
  expect(await serversOf(running, 'zk1')).toEqual(['server.1', 'server.2']);
  for (const kills of [false, true]) {
    if (kills) await ask(control, { command: 'kill', service: 'zk1' });
    await ask(control, { command: 'restart', service: 'zk1' }, () => {});
    expect(await serversOf(running, 'zk1')).toEqual(['server.1', 'server.2']);
  }
  await running.stop();

  const again = await up(folder);
  const states = again.status().services.map(({ state, error }) => error ?? state);
  expect(states).toEqual([
    'ready',
    'ready',
    expect.stringContaining('a reconfiguration removed this server'),
  ]);
  expect(await serversOf(again, 'zk2')).toEqual(['server.1', 'server.2']);
}, 30_000);
