import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { silentLog } from '../runtime/node/log.ts';
import { createNodeRuntime } from '../runtime/node/node-runtime.ts';
import { zooKeeperDefaults } from '../zookeeper/server/config/config.ts';
import { startZooKeeper } from '../zookeeper/server/start.ts';

interface Ended {
  readonly code: number | null;
  /** What it says on standard error, the log included. */
  readonly said: string;
}

/** `gregor zookeeper FILE` from its sources. `stopAt`: text after which it gets a SIGTERM. */
function gregor(file: string, stopAt?: string): Promise<Ended> {
  const main = join(import.meta.dirname, 'main.ts');
  const child = spawn(process.execPath, ['--import', 'tsx', main, 'zookeeper', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  let isStopping = false;
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    if (isStopping || stopAt === undefined || !said.includes(stopAt)) return;
    isStopping = true;
    child.kill('SIGTERM');
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, said })));
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'gregor-cli-zookeeper-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function configured(...lines: string[]): { file: string; dataDir: string } {
  const at = folder();
  const file = join(at, 'zoo.cfg');
  const dataDir = join(at, 'data');
  mkdirSync(dataDir);
  const all = [`dataDir=${dataDir}`, 'preAllocSize=64', 'admin.enableServer=false', ...lines];
  writeFileSync(file, all.join('\n'));
  return { file, dataDir };
}

async function takenPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as { port: number }).port;
}

/** Free at the moment. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const stackTrace = /^\s+at .*:\d+:\d+/m;

test('a file that is not there, and wrong keys, are said with their place, and the exit code is 1', async () => {
  const { file } = configured('clientPort=2181', 'tickTme=2000', 'maxClientCnxns=many');
  const [missing, wrong] = await Promise.all([gregor(join(folder(), 'zoo.cfg')), gregor(file)]);
  expect(missing).toMatchObject({ code: 1 });
  expect(missing.said).toMatch(/^\S+zoo\.cfg:1 FILE_UNREADABLE: the file can't be read: .+\n$/);
  expect(wrong).toEqual({
    code: 1,
    said:
      `${file}:5 KEY_UNKNOWN: tickTme is not a setting of ZooKeeper; did you mean tickTime?\n` +
      `${file}:6 VALUE_WRONG: maxClientCnxns can't be "many"; write a whole number of at least 0\n`,
  });
}, 120_000);

test('a port in use, a folder in use and a folder that cannot be made end it with a sentence and code 1', async () => {
  const port = await takenPort();
  const byPort = configured('clientPortAddress=127.0.0.1', `clientPort=${port}`);
  const byFolder = configured(`clientPort=${await freePort()}`);
  const byProc = configured(`clientPort=${await freePort()}`, 'dataDir=/proc/gregor/data');
  const other = await startZooKeeper(createNodeRuntime({ log: silentLog }), {
    ...zooKeeperDefaults,
    dataDir: byFolder.dataDir,
    dataLogDir: byFolder.dataDir,
    clientPortAddress: '127.0.0.1',
    preAllocKiB: 64,
    adminEnabled: false,
  });
  onTestFinished(() => other.stop());
  const ended = await Promise.all([byPort, byFolder, byProc].map(({ file }) => gregor(file)));
  for (const { code, said } of ended) {
    expect(code, said).toBe(1);
    expect(said).not.toMatch(stackTrace);
  }
  expect(ended[0]!.said).toContain(`port ${port} is in use already: stop what listens there`);
  expect(ended[1]!.said).toContain(
    `another server uses ${byFolder.dataDir}/version-2; stop it, or give this one a dataDir of its own`,
  );
  expect(ended[2]!.said).toContain('/proc/gregor: no folder can be made in /proc; take one on a disk');
}, 120_000);

test('a server stops cleanly on SIGTERM, with code 0', async () => {
  const { file } = configured('clientPortAddress=127.0.0.1', `clientPort=${await freePort()}`);
  const { code, said } = await gregor(file, 'ZooKeeper serves clients');
  expect(said).toContain('stopping, as SIGTERM says');
  expect(said).not.toMatch(stackTrace);
  expect(code).toBe(0);
}, 120_000);
