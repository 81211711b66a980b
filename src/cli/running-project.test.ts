import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { folderWith } from '../../test/support/compose-project.ts';
import type { RunningServer, Starters } from '../compose/cluster/starters.ts';
import { stateFolder } from '../compose/cluster/host-paths.ts';
import { planFromFiles } from '../compose/make-plan.ts';
import type { Plan } from '../compose/plan.ts';
import type { Listener, Runtime } from '../runtime/runtime.ts';
import { ask } from './control/control-client.ts';
import { controlPath } from './control/control-path.ts';
import { virtualRunners } from './make-runners.ts';
import { RunningProject } from './running-project.ts';
import type { LogLine } from './view/service-log.ts';
import { colorsFor } from './view/colors.ts';
import { summary } from './view/summary.ts';

const COMPOSE = `
services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    ports: ["127.0.0.1::2181"]
    environment: { ZOOKEEPER_CLIENT_PORT: 2181, ZOOKEEPER_SERVER_ID: 7 }
    volumes: ["./zk:/var/lib/zookeeper/data"]
  kafka:
    image: confluentinc/cp-kafka:5.3.1
    depends_on: [zk]
    ports: ["0:9092", "0:9093"]
    environment:
      KAFKA_BROKER_ID: 1
      KAFKA_ZOOKEEPER_CONNECT: zk:2181
      KAFKA_LISTENERS: IN://kafka:19092,OUT://0.0.0.0:9092,LOCAL://localhost:9093
      KAFKA_ADVERTISED_LISTENERS: IN://kafka:19092,OUT://localhost:9092
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: IN:PLAINTEXT,OUT:PLAINTEXT,LOCAL:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: IN
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1
    volumes: ["logs:/var/lib/kafka/data"]
volumes:
  logs:
`;

/** A server that answers each connection with its name, and that writes a file. */
async function fakeServer(
  runtime: Runtime,
  name: string,
  folder: string,
  hosts: readonly { host: string; port: number }[],
): Promise<RunningServer> {
  runtime.files.makeFolder(folder);
  runtime.files.open(`${folder}/here`, 'write').close();
  const listeners: Listener[] = [];
  for (const at of hosts)
    listeners.push(
      await runtime.network.listen(at, (connection) => {
        connection.start({ data: () => {}, closed: () => {} });
        connection.write(Buffer.from(`${name} of ${runtime.network.hostName}`));
        connection.end();
      }),
    );
  runtime.log.info('started', { name });
  return {
    stop: async () => {
      runtime.log.info('stopping');
      await Promise.all(listeners.map((listener) => listener.close()));
    },
  };
}

const fakes: Starters = {
  zookeeper: (runtime, config) =>
    fakeServer(runtime, 'ZooKeeper', config.dataLogDir, [{ host: '', port: config.clientPort }]),
  broker: async (runtime, config) => {
    const to = config.zookeeperConnect.servers[0] ?? { host: '', port: 0 };
    const connection = await runtime.network.connect(to);
    connection.start({ data: () => {}, closed: () => {} });
    return fakeServer(runtime, `broker ${config.brokerId}`, config.logDirs[0] ?? '', config.listeners);
  },
};

function planIn(folder: string): Plan {
  const { plan, problems } = planFromFiles({ files: [join(folder, 'compose.yml')], env: {} });
  expect(problems.filter(({ severity }) => severity === 'error')).toEqual([]);
  if (plan === null) throw new Error('no plan');
  return plan;
}

async function start(starters: Starters = fakes, folder = folderWith({ 'compose.yml': COMPOSE })) {
  const running = await RunningProject.open(planIn(folder), virtualRunners(starters), 'info');
  onTestFinished(() => running.stop());
  await running.started;
  return { running, folder, socket: controlPath(stateFolder(folder)) };
}

/** All that a connection to the machine's port says before it ends. */
function says(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1');
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('close', () => resolve(text));
    socket.on('error', reject);
  });
}

function portOf(running: RunningProject, service: string, containerPort: number): number {
  const status = running.status().services.find(({ name }) => name === service);
  return status?.published.find((port) => port.containerPort === containerPort)?.hostPort ?? 0;
}

test('services find one another by name, and clients of the machine find them at published ports', async () => {
  const { running } = await start();
  expect(running.status().services.map(({ name, state }) => `${name} ${state}`)).toEqual([
    'zk ready',
    'kafka ready',
  ]);
  expect(await says(portOf(running, 'zk', 2181))).toBe('ZooKeeper of zk');
  expect(await says(portOf(running, 'kafka', 9092))).toBe('broker 1 of kafka');
});

test('volumes are where the file says, named ones and all else below .gregor', async () => {
  const { folder } = await start();
  expect(readFileSync(join(folder, 'zk/myid'), 'utf8')).toBe('7\n');
  expect(existsSync(join(folder, '.gregor/services/zk/var/lib/zookeeper/log/here'))).toBe(true);
  expect(existsSync(join(folder, '.gregor/volumes/logs/here'))).toBe(true);
});

test('a connection to a published port behind which only localhost listens is refused, and the log says once why and what to write in which line', async () => {
  const { running } = await start();
  for (const _ of [1, 2]) await says(portOf(running, 'kafka', 9093)).catch(() => '');
  const lines = running.logs.newest(['kafka'], null).filter(({ level }) => level === 'warn');
  expect(lines.map(({ message }) => message)).toEqual([
    expect.stringMatching(
      /listens on its own localhost only.* line 15 of .*compose\.yml: write LOCAL:\/\/0\.0\.0\.0:9093 in KAFKA_LISTENERS/,
    ),
  ]);
});

test('ps, logs, kill, restart and down act through the control socket', async () => {
  const { running, socket } = await start();
  const status = await ask(socket, { command: 'started' });
  expect(status).toMatchObject({ pid: process.pid, services: [{ name: 'zk' }, { name: 'kafka' }] });
  const lines: LogLine[] = [];
  await ask(socket, { command: 'logs', services: ['kafka'], tail: 1, follow: false }, ({ line }) =>
    lines.push(line),
  );
  expect(lines.map(({ service, message }) => `${service} ${message}`)).toEqual(['kafka started']);
  const port = portOf(running, 'kafka', 9092);
  await ask(socket, { command: 'kill', service: 'kafka' });
  expect(running.status().services[1]?.state).toBe('killed');
  await expect(says(port)).rejects.toThrow('ECONNREFUSED');
  await ask(socket, { command: 'restart', service: 'kafka' });
  expect(await says(port)).toBe('broker 1 of kafka');
  await expect(ask(socket, { command: 'kill', service: 'nobody' })).rejects.toThrow(
    'no service is called nobody',
  );
  await ask(socket, { command: 'down' });
  await running.ended;
  await expect(ask(socket, { command: 'status' })).rejects.toThrow();
});

test('logs that are followed come as they are written', async () => {
  const { socket } = await start();
  const lines: string[] = [];
  const stopped = new Promise<void>((resolve) => {
    void ask(socket, { command: 'logs', services: [], tail: 0, follow: true }, ({ line }) => {
      lines.push(`${line.service} ${line.message}`);
      if (lines.length === 4) resolve();
    });
  });
  await ask(socket, { command: 'restart', service: 'kafka' });
  await stopped;
  expect(lines.slice(0, 3)).toEqual([
    'kafka is stopped, to be started again',
    'kafka stopping',
    'kafka started',
  ]);
  expect(lines[3]).toMatch(/^kafka is ready again, after [\d.]+ s$/);
});

test('a second cluster of the same project is refused, and a later one finds the data', async () => {
  const { running, folder } = await start();
  await expect(start(fakes, folder)).rejects.toThrow(/A cluster runs already for .*gregor down stops it/);
  await running.stop();
  await start(fakes, folder);
});

test('a service that cannot start has failed with its reason, and the others run', async () => {
  const { running } = await start({
    ...fakes,
    broker: () => Promise.reject(new Error('broker.id 1 is taken')),
  });
  expect(running.status().services.map(({ state, error }) => [state, error])).toEqual([
    ['ready', null],
    ['failed', 'broker.id 1 is taken'],
  ]);
});

test('an exception in one server ends that service with a sentence, and the others go on', async () => {
  let ofKafka: Runtime | null = null;
  const { running, socket } = await start({
    ...fakes,
    broker: (runtime, config) => {
      ofKafka = runtime;
      return fakes.broker(runtime, config);
    },
  });
  const told = new Promise<LogLine>((resolve) => void running.logs.follow(resolve));
  ofKafka!.clock.after(0, () => {
    throw new TypeError('nothing is undefined');
  });
  expect(await told).toMatchObject({
    service: 'kafka',
    level: 'error',
    message: expect.stringMatching(/mistake in gregor.*TypeError: nothing is undefined at .*running-project/),
  });
  expect(running.status().services.map(({ state }) => state)).toEqual(['ready', 'failed']);
  expect(await says(portOf(running, 'zk', 2181))).toBe('ZooKeeper of zk');
  await ask(socket, { command: 'restart', service: 'kafka' });
  expect(running.status().services.map(({ state }) => state)).toEqual(['ready', 'ready']);
});

test('a published port that is taken ends it all with a sentence', async () => {
  const { running } = await start();
  const taken = portOf(running, 'zk', 2181);
  const folder = folderWith({ 'compose.yml': COMPOSE.replace('127.0.0.1::2181', `${taken}:2181`) });
  await expect(start(fakes, folder)).rejects.toThrow(
    new RegExp(
      `compose\\.yml:5 PORT_IN_USE: zk publishes ${taken}, which another program listens on already`,
    ),
  );
});

test('the summary says on one screen what listens where and what to type', async () => {
  const text = COMPOSE.replace('"0:9092", "0:9093"', '"19592:9092"').replace(
    'localhost:9092',
    'localhost:19592',
  );
  const { running } = await start(fakes, folderWith({ 'compose.yml': text }));
  const { services } = running.status();
  const zk = portOf(running, 'zk', 2181);
  const said = summary(running.plan, services, 340, colorsFor({})).replace(
    /gregor \S+/,
    'gregor compose.yml',
  );
  expect(said).toBe(`gregor compose.yml ready in 0.34 s

  zk     ZooKeeper  127.0.0.1:${zk}
  kafka  broker 1   IN kafka:19092 (services only)  OUT localhost:19592  LOCAL localhost:9093 (of the service itself only)

  kcat -b localhost:19592 -L
  echo hello | kcat -b localhost:19592 -t greetings -P && kcat -b localhost:19592 -t greetings -C -e
  bootstrap.servers=localhost:19592

`);
});
