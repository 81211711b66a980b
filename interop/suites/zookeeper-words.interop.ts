/**
 * Four-letter words and the admin server's commands, on gregor and on Apache in the same state: a session with an ephemeral znode and
 * three watches, and a quota. Compared line by line and key by key, with numbers and what belongs to the machine left out.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { ZooKeeperClient } from '../../src/zookeeper/client/client.ts';
import { startZooKeeper, type ZooKeeperMaker } from '../support/clusters.ts';
import { freePorts, until } from '../support/processes.ts';
import { askWord as ask, getCommand as get, settled } from '../support/words.ts';

const makers = ['gregor', 'apache 3.9.5'] as const satisfies ZooKeeperMaker[];
/** What sets something comes last, followed by what tells of it. */
const words =
  'ruok isro gtmk srvr stat conf cons dump envi mntr wchs wchc wchp dirs hash lead nope crst cons srst srvr'.split(
    ' ',
  );
const trace = Buffer.from('stmk\0\0\0\0\0\0\x01\x32', 'latin1');
const auth = 'digest super:test';
const superDigest = 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=';
/** Path, then the Authorization header. In this order: a second snapshot at once would be too early. */
const requests: [path: string, authorization?: string][] = [
  ['/commands'],
  ['/commands/set_trace_mask'],
  ['/commands/set_trace_mask?traceMask=x'],
  ['/commands/set_trace_mask?traceMask=306'],
  ['/commands/snapshot'],
  ['/commands/snapshot', 'digest'],
  ['/commands/snapshot', 'kerberos x'],
  ['/commands/snapshot?streaming=false', auth],
  ['/commands/snapshot', auth],
  ['/commands/restore'],
  ['/commands/nope'],
  ['/commands/mntr'],
  ['/elsewhere'],
];

interface Seen {
  readonly words: Record<string, string>;
  readonly http: Record<string, unknown>;
}

const seen = new Map<ZooKeeperMaker, Seen>();

async function observe(maker: ZooKeeperMaker): Promise<Seen> {
  const [adminPort] = await freePorts(1);
  const server = await startZooKeeper(
    maker,
    `admin.enableServer=true\nadmin.serverPort=${adminPort}\nadmin.rateLimiterIntervalInMS=5000000\nDigestAuthenticationProvider.superDigest=${superDigest}\n`,
  );
  const client = new ZooKeeperClient(createNodeRuntime({ log: silentLog }), {
    servers: [{ host: '127.0.0.1', port: server.port }],
    // Its first ping, which servers tell as the last operation, comes after all was asked.
    sessionTimeoutMs: 40_000,
  });
  try {
    client.start();
    await client.connected();
    await client.create('/quota', null);
    await client.create('/zookeeper/quota/quota', null);
    await client.create('/zookeeper/quota/quota/zookeeper_limits', Buffer.from('count=3,bytes=40'));
    await client.create('/zookeeper/quota/quota/zookeeper_stats', Buffer.from('count=1,bytes=0'));
    await client.create('/four', Buffer.from('hello'), { mode: 'ephemeral' });
    await client.getData('/four', () => {});
    await client.getChildren('/four', () => {});
    await client.exists('/not-there', () => {});
    const told: Record<string, string> = {};
    for (const word of words) {
      const name = word in told ? `${word}, again` : word;
      told[name] = settled(await ask(server.port, [Buffer.from(word)]));
    }
    told['ruok in parts'] = await ask(server.port, [Buffer.from('ru'), Buffer.from('ok')]);
    told['stmk'] = await ask(server.port, [trace]);
    told['stmk without its mask'] = await ask(server.port, [Buffer.from('stmk')]);
    const http: Record<string, unknown> = {};
    const base = `http://127.0.0.1:${adminPort}`;
    for (const [path, authorization] of requests)
      http[`${path} ${authorization ?? ''}`] = await get(`${base}${path}`, authorization);
    http['a streamed snapshot'] = await until('a snapshot', () => streamed(`${base}/commands/snapshot`));
    const list = await (await fetch(`${base}/commands`)).text();
    for (const [, name] of list.matchAll(/>(\w+)<\/a>/g))
      http[`/commands/${name}`] ??= await get(`${base}/commands/${name}`);
    return { words: told, http };
  } finally {
    await client.close();
    await server.stop();
  }
}

/** What came as a snapshot; false while it is too early for one. */
async function streamed(url: string): Promise<object | false> {
  const response = await fetch(url, { headers: { authorization: auth } });
  const bytes = Buffer.from(await response.arrayBuffer());
  if (response.status === 429) return false;
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    isWhole: bytes.length === Number(response.headers.get('snapshot_size')),
    magic: bytes.toString('latin1', 0, 4),
    zxid: response.headers.get('last_zxid')?.replace(/[0-9a-f]+$/, 'N'),
  };
}

describe('four-letter words and the admin server', () => {
  beforeAll(async () => {
    for (const maker of makers) seen.set(maker, await observe(maker));
  });

  const both = (): [Seen, Seen] => [seen.get('gregor')!, seen.get('apache 3.9.5')!];

  test('each word answers as Apache does', () => {
    const [gregor, apache] = both();
    expect(Object.keys(gregor.words).length).toBeGreaterThan(20);
    expect(gregor.words).toEqual(apache.words);
  });

  test('the list of commands, refusals and errors are those of Apache', () => {
    const [gregor, apache] = both();
    for (const [path, authorization] of requests) {
      const name = `${path} ${authorization ?? ''}`;
      expect({ [name]: gregor.http[name] }).toEqual({ [name]: apache.http[name] });
    }
  });

  test('each command answers with the keys of Apache', () => {
    const [gregor, apache] = both();
    for (const name of Object.keys(apache.http)) {
      // Java's own properties have no meaning here.
      if (name === '/commands/system_properties') continue;
      expect({ [name]: gregor.http[name] }).toEqual({ [name]: apache.http[name] });
    }
  });
});
