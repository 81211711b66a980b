import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { folderWith } from './support/compose-project.ts';

/** The command as it is built, for each of these tests starts it several times. It lies where it finds node_modules. */
const built = resolve('.cache', `cli-test-${process.pid}`);
const MAIN = join(built, 'gregor.js');

beforeAll(() =>
  build({
    entryPoints: { gregor: 'src/cli/main.ts' },
    outdir: built,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'warning',
  }),
);
afterAll(() => rmSync(built, { recursive: true, force: true }));

class Command {
  stdout = '';
  stderr = '';
  readonly exitCode: Promise<number | null>;
  readonly process: ChildProcess;
  private listeners: (() => void)[] = [];

  constructor(args: readonly string[], folder: string) {
    const env = { ...process.env, NO_COLOR: '1' };
    this.process = spawn(process.execPath, [MAIN, ...args], { cwd: folder, env });
    this.process.stdout?.on('data', (chunk: Buffer) => this.heard(() => (this.stdout += chunk.toString())));
    this.process.stderr?.on('data', (chunk: Buffer) => this.heard(() => (this.stderr += chunk.toString())));
    this.exitCode = new Promise((end) => {
      this.process.on('close', (code) => {
        end(code);
        this.heard(() => {});
      });
    });
    onTestFinished(async () => {
      if (this.process.exitCode === null) this.process.kill('SIGINT');
      await this.exitCode;
    });
  }

  /** Resolves when standard output says so; rejects when the command ends before. */
  async says(words: RegExp): Promise<void> {
    while (!words.test(this.stdout)) {
      if (this.process.exitCode !== null || this.process.signalCode !== null)
        throw new Error(`it ended: ${this.stdout}${this.stderr}`);
      await new Promise<void>((heard) => this.listeners.push(heard));
    }
  }

  private heard(take: () => void): void {
    take();
    for (const listener of this.listeners.splice(0)) listener();
  }
}

async function gregor(
  args: string,
  folder = '.',
): Promise<{ code: number | null; out: string; err: string }> {
  const command = new Command(args.split(' '), folder);
  const code = await command.exitCode;
  return { code, out: command.stdout, err: command.stderr };
}

const COMPOSE = `services:
  zk:
    image: confluentinc/cp-zookeeper:5.3.1
    ports: ["0:2181"]
    environment: { ZOOKEEPER_CLIENT_PORT: 2181, ZOOKEEPER_TICK_TIME: 500 }
  kafka:
    image: confluentinc/cp-kafka:5.3.1
    depends_on: [zk]
    ports: ["0:9092"]
    environment:
      KAFKA_BROKER_ID: 1
      KAFKA_ZOOKEEPER_SESSION_TIMEOUT_MS: 2000
      KAFKA_ZOOKEEPER_CONNECTION_TIMEOUT_MS: 30000
      KAFKA_ZOOKEEPER_CONNECT: zk:2181
      KAFKA_LISTENERS: IN://kafka:19092,OUT://0.0.0.0:9092
      KAFKA_ADVERTISED_LISTENERS: IN://kafka:19092,OUT://localhost:9092
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: IN:PLAINTEXT,OUT:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: IN
      KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: 1
  ui: { image: provectuslabs/kafka-ui }
`;

test('gregor without and with a wrong command says what there is', async () => {
  const [help, wrong] = await Promise.all([gregor('--help'), gregor('nonsense')]);
  expect(help.code).toBe(0);
  for (const name of ['up', 'down', 'ps', 'logs', 'kill', 'restart', 'zookeeper', 'broker'])
    expect(help.out).toMatch(new RegExp(`^ +${name} `, 'm'));
  expect(wrong.code).toBe(2);
  expect(wrong.err).toContain("unknown command 'nonsense'");
});

test.each(['up', 'down', 'ps', 'logs', 'kill', 'restart'])(
  'gregor %s explains itself with examples',
  async (name) => {
    const { code, out } = await gregor(`${name} --help`);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`Examples?:\\n +gregor ${name}`));
  },
);

test('what is wrong with a file is on standard error, and nothing starts', async () => {
  const { code, out, err } = await gregor('up -f examples/tutorial/docker-compose.as-written.yml');
  expect(code).toBe(1);
  expect(out).toBe('');
  expect(err).toContain('docker-compose.as-written.yml:7 TAB_INDENTATION');
  expect(err).toMatch(/12 errors and 9 warnings in .*: nothing was started\.\n$/);
});

test('commands for a cluster that does not run say so', async () => {
  const folder = folderWith({ 'compose.yml': COMPOSE });
  const [ps, down] = await Promise.all([gregor('ps', folder), gregor('down', folder)]);
  expect([ps.code, ps.err]).toEqual([1, expect.stringContaining('gregor up starts it')]);
  expect([down.code, down.err]).toEqual([0, 'nothing ran\n']);
});

test('up runs until Ctrl-C, and other commands see and change what runs', async () => {
  const folder = folderWith({ 'compose.yml': COMPOSE });
  const up = new Command(['up'], folder);
  await up.says(/ready in [\d.]+ s\n/);
  expect(up.stderr).toContain('ui (provectuslabs/kafka-ui) is not run');
  const [ps, second] = await Promise.all([gregor('ps --json', folder), gregor('up', folder)]);
  const cluster = JSON.parse(ps.out) as { services: { name: string; state: string }[] };
  expect(cluster.services.map(({ name, state }) => `${name} ${state}`)).toEqual(['zk ready', 'kafka ready']);
  expect([second.code, second.err]).toEqual([1, expect.stringContaining('A cluster runs already')]);
  const restart = await gregor('restart kafka', folder);
  expect([restart.code, restart.err]).toEqual([0, 'kafka is ready\n']);
  const logs = await gregor('logs kafka --tail 1', folder);
  expect(logs.out).toMatch(/^\d\d:\d\d:\d\d\.\d{3} kafka INFO .*\n$/);
  up.process.kill('SIGINT');
  up.process.kill('SIGINT'); // as npm does, which passes on what came already
  expect(await up.exitCode).toBe(0);
}, 60_000);

test.runIf(process.platform === 'linux')(
  'with --processes each service is a process that ends with its parent',
  async () => {
    const folder = folderWith({ 'compose.yml': COMPOSE });
    const up = new Command(['up', '--processes'], folder);
    await up.says(/ready in [\d.]+ s\n/);
    expect((await gregor('kill kafka', folder)).code).toBe(0);
    expect((await gregor('ps', folder)).out).toMatch(/^kafka +broker +killed/m);
    expect((await gregor('restart kafka', folder)).code).toBe(0);
    expect((await gregor('down', folder)).err).toBe('stopped\n');
    expect(await up.exitCode).toBe(0);
  },
  60_000,
);

test('in the background, until down', async () => {
  const folder = folderWith({ 'compose.yml': COMPOSE });
  const up = await gregor('up --detach', folder);
  onTestFinished(async () => void (await gregor('down', folder)));
  expect(up.code).toBe(0);
  expect(up.out).toContain('It runs in the background');
  const down = await gregor('down --volumes', folder);
  expect(down.err).toMatch(/^stopped\nremoved the volumes in /);
}, 60_000);
