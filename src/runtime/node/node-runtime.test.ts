import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { behavesAsRuntime } from '../../../test/runtime-behaviour.ts';
import { silentLog } from './log.ts';
import { createNodeRuntime } from './node-runtime.ts';

const folders: string[] = [];
function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-'));
  folders.push(folder);
  return folder;
}
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

behavesAsRuntime('the real machine', () => {
  const runtime = createNodeRuntime({ log: silentLog });
  const folder = temporaryFolder();
  return { here: runtime, there: runtime, thereHost: '127.0.0.1', folder, play: (body) => body() };
});

test('a lock ends with its process, also when that is killed', async () => {
  const path = join(temporaryFolder(), 'lock');
  const { files } = createNodeRuntime({ log: silentLog });
  const script = `import { lockFile } from ${JSON.stringify(new URL('file-lock.ts', import.meta.url).href)};
    process.send(lockFile(${JSON.stringify(path)}) !== null);
    setInterval(() => {}, 1000);`;
  const bundled = await bundle(script);
  const child = spawn(process.execPath, ['--input-type=module', '-e', bundled], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  expect(await new Promise((resolve) => child.once('message', resolve))).toBe(true);
  expect(files.lock(path)).toBeNull();
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('exit', resolve));
  const lock = files.lock(path);
  expect(lock).not.toBeNull();
  lock!.release();
});

/** Node 20 runs no TypeScript by itself. */
async function bundle(script: string): Promise<string> {
  const { build } = await import('esbuild');
  const result = await build({
    stdin: { contents: script.replaceAll('file://', ''), resolveDir: '/', loader: 'ts' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'node',
  });
  return result.outputFiles[0]!.text;
}

test('jobs that were put off run before the connections that they write to are flushed', async () => {
  const { clock, network } = createNodeRuntime({ log: silentLog });
  const chunks: string[] = [];
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.start({
      data: (bytes) => {
        connection.write(Buffer.from(`now ${bytes}, `));
        clock.soon(() => connection.write(Buffer.from('soon')));
      },
      closed: () => undefined,
    });
  });
  const client = await network.connect(listener.endpoint);
  await new Promise<void>((resolve) => {
    client.start({
      data: (bytes) => {
        chunks.push(String(bytes));
        client.destroy();
      },
      closed: () => resolve(),
    });
    client.write(Buffer.from('x'));
  });
  expect(chunks).toEqual(['now x, soon']);
  await listener.close();
});

test('a connection that nobody answers is given up', async () => {
  const { network } = createNodeRuntime({ log: silentLog });
  // An address that is reserved for documentation: packets to it get lost or are refused, but never answered.
  const attempt = network.connect({ host: '192.0.2.1', port: 9 }, { timeoutMs: 20 });
  await expect(attempt).rejects.toMatchObject({ name: 'NetworkError' });
});

test('a writer that had to stop is told to go on, also when the system took everything at once', async () => {
  const { network } = createNodeRuntime({ log: silentLog });
  const answer = Buffer.alloc(1024 * 1024 + 1);
  let drains = 0;
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.start({
      data: () => {
        if (connection.write(answer)) throw new Error('the caller isn’t asked to stop');
        connection.pause();
      },
      drained: () => {
        drains += 1;
        connection.resume();
      },
      closed: () => undefined,
    });
  });
  const client = await network.connect(listener.endpoint);
  let got = 0;
  await new Promise<void>((resolve) => {
    client.start({
      data: (bytes) => {
        got += bytes.length;
        if (got === 3 * answer.length) client.destroy();
        else if (got % answer.length === 0) client.write(Buffer.from('x'));
      },
      closed: () => resolve(),
    });
    client.write(Buffer.from('x'));
  });
  expect(drains).toBeGreaterThanOrEqual(2);
  await listener.close();
});

test('a writer hears when its buffers are free again, and not before', async () => {
  const { network } = createNodeRuntime({ log: silentLog });
  const large = Buffer.alloc(64 * 1024 * 1024, 1);
  let heard = 0;
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (connection) => {
    connection.start({
      data: () => {
        connection.write(large);
        connection.onSent!(() => {
          heard += 1;
          large.fill(2);
        });
      },
      closed: () => undefined,
    });
  });
  const client = await network.connect(listener.endpoint);
  let got = 0;
  let changed = 0;
  let heardAtFirst = -1;
  await new Promise<void>((resolve) => {
    client.start({
      data: (bytes) => {
        if (got === 0) heardAtFirst = heard;
        for (let i = 0; i < bytes.length; i += 512) changed += bytes[i]! - 1;
        got += bytes.length;
        if (got === large.length) client.destroy();
      },
      closed: () => resolve(),
    });
    client.write(Buffer.from('read'));
  });
  expect({ got, changed, heardAtFirst, heard }).toEqual({
    got: large.length,
    changed: 0,
    heardAtFirst: 0,
    heard: 1,
  });
  await listener.close();
});
