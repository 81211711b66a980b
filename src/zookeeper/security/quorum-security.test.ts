import { copyFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../../../test/support/eventually.ts';
import { TEST_PASSWORD, testStorePath } from '../../../test/support/tls-stores.ts';
import { SimulatedEnsemble } from '../../../test/zookeeper/simulated-ensemble.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Log } from '../../runtime/runtime.ts';
import { VirtualNetwork, type Host } from '../../runtime/virtual/virtual-network.ts';
import { ZooKeeperClient } from '../client/client.ts';
import type { Member } from '../quorum/member.ts';
import { startMember } from '../quorum/start-member.ts';
import { parseZooKeeperConfig } from '../server/config/config.ts';

const MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule required';

function collecting(into: string[]): Log {
  const say = (message: string): void => void into.push(message);
  const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
  return log;
}

describe('SASL between servers', () => {
  const sasl = (learner: boolean, server: boolean): string =>
    `quorum.auth.enableSasl=true\nquorum.auth.learnerRequireSasl=${learner}\nquorum.auth.serverRequireSasl=${server}\njava.security.auth.login.config=/jaas.conf\n`;

  /** An ensemble whose servers have these passwords. */
  function ensemble(zooCfg: string, passwords: readonly string[], log: string[] = []): SimulatedEnsemble {
    const made = new SimulatedEnsemble({ seed: 7, servers: passwords.length, zooCfg, log: collecting(log) });
    for (const [i, { host }] of made.servers.entries()) {
      const file = host.runtime.files.open('/jaas.conf', 'write');
      file.write(
        Buffer.from(
          `QuorumServer { ${MODULE} user_zk="right"; };\nQuorumLearner { ${MODULE} username="zk" password="${passwords[i]}"; };`,
        ),
        0,
      );
      file.close();
    }
    made.startAll();
    return made;
  }

  async function agrees(made: SimulatedEnsemble): Promise<void> {
    expect(await made.untilServing(3)).toBe(true);
    const client = made.client('client');
    await made.world.play(() => client.create('/a', Buffer.from('b')));
    made.kill(made.leader!);
    expect(await made.world.run(() => made.leader !== undefined && made.serving.length === 2, 5000)).toBe(
      true,
    );
    await made.world.run(() => client.state === 'connected', 10_000);
    await made.world.play(async () => expect((await client.getData('/a')).data!.toString()).toBe('b'));
  }

  test.each([
    [true, true],
    [true, false],
    [false, false],
  ])(
    'they elect, follow and come back; learners prove themselves: %s, servers insist: %s',
    async (learner, server) => {
      await agrees(ensemble(sasl(learner, server), ['right', 'right', 'right']));
    },
  );

  test('a server with a wrong password stays outside', async () => {
    const log: string[] = [];
    const made = ensemble(sasl(true, true), ['right', 'right', 'wrong'], log);
    await made.world.run(() => made.serving.length === 2, 20_000);
    await made.world.run(made.world.nowMs + 5000);
    expect(made.serving.map(({ id }) => id)).toEqual([1, 2]);
    expect(log.join('\n')).toContain(
      'could not be authenticated by SASL and was cut off: its user or password is wrong',
    );
    expect(log.join('\n')).not.toMatch(/"?(right|wrong)"? is not|password="/);
  });

  test('a server that does not even try is cut off by those that insist', async () => {
    const log: string[] = [];
    const made = ensemble(sasl(true, true), ['right', 'right', 'right'], log);
    expect(await made.untilServing(3)).toBe(true);
    const { network } = made.servers[0]!.host.runtime;
    const leader = made.leader!;
    let isClosed = false;
    await made.world.play(async () => {
      for (const port of [2888, 3888]) {
        const connection = await network.connect({ host: leader.host.name, port });
        connection.start({ data: () => {}, closed: () => (isClosed = true) });
        connection.write(Buffer.alloc(40));
      }
    });
    await made.world.run(() => isClosed, 15_000);
    expect(isClosed).toBe(true);
    expect(log.join('\n')).toContain('it did not try to authenticate');
  });

  test('nonsense at either port brings nothing down, before the exchange or in the middle of it', async () => {
    const made = ensemble(sasl(true, true), ['right', 'right', 'right']);
    expect(await made.untilServing(3)).toBe(true);
    const leader = made.leader!;
    const stranger = made.world.host('stranger').runtime;
    const initial = Buffer.from('ffffffffffff0000000000000000000900000000', 'hex');
    const first = Buffer.from('5f2435013501edcc0000000000000000', 'hex');
    const pieces = [
      initial,
      first,
      Buffer.from('5f2435013501edcc000000007fffffff', 'hex'),
      Buffer.from('realm="x",nonce='),
    ];
    await made.world.play(async () => {
      for (let n = 0; n < 60; n++) {
        const connection = await stranger.network.connect({
          host: leader.host.name,
          port: n % 2 === 0 ? 2888 : 3888,
        });
        connection.start({ data: () => {}, closed: () => {} });
        for (let said = 0; said < 4; said++) {
          const piece = Buffer.from(pieces[stranger.random.below(pieces.length)]!);
          if (stranger.random.below(2) === 0)
            piece[stranger.random.below(piece.length)] = stranger.random.below(256);
          connection.write(piece.subarray(0, 1 + stranger.random.below(piece.length)));
        }
        if (n % 3 === 0) connection.destroy();
      }
    });
    await made.world.run(made.world.nowMs + 20_000);
    expect(made.servers.flatMap(({ failures }) => failures)).toEqual([]);
    expect(made.leader).toBe(leader);
    expect(made.serving).toHaveLength(3);
  });
});

describe('TLS between servers', () => {
  const log: string[] = [];
  const base = createNodeRuntime({ log: collecting(log) });

  interface World {
    /** On the real disk. */
    readonly folder: string;
    readonly hosts: Host[];
    readonly members: Member[];
    start(id: number, extra: string): Promise<Member>;
    client(): ZooKeeperClient;
  }

  function world(): World {
    const folder = mkdtempSync(join(tmpdir(), 'gregor-quorum-tls-'));
    const network = new VirtualNetwork(base);
    const names = ['server', 'localhost2', 'third'];
    const hosts = names.map((name, i) =>
      network.host(name, { mapFile: (path) => path.replace(/^\/data/, `${folder}/${i + 1}`) }),
    );
    const lines = names.map((name, i) => `server.${i + 1}=${name}:2888:3888\n`).join('');
    const members: Member[] = [];
    onTestFinished(async () => {
      await Promise.all(members.map((member) => member.stop()));
      rmSync(folder, { recursive: true, force: true });
    });
    return {
      folder,
      hosts,
      members,
      async start(id, extra) {
        const { files } = hosts[id - 1]!.runtime;
        files.makeFolder('/data');
        const file = files.open('/data/myid', 'write');
        file.write(Buffer.from(String(id)), 0);
        file.close();
        const text = `tickTime=500\ninitLimit=10\nsyncLimit=4\ndataDir=/data\nclientPort=2181\nadmin.enableServer=false\npreAllocSize=64\n${lines}${extra}`;
        const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
        if (config === null) throw new Error(JSON.stringify(problems));
        const member = await startMember(hosts[id - 1]!.runtime, config, {});
        members.push(member);
        return member;
      },
      client() {
        const made = new ZooKeeperClient(network.host(`client${Math.random()}`).runtime, {
          servers: names.map((host) => ({ host, port: 2181 })),
          sessionTimeoutMs: 10_000,
        });
        onTestFinished(() => made.close());
        made.start();
        return made;
      },
    };
  }

  const stores = `ssl.quorum.keyStore.location=${testStorePath('server.jks')}
ssl.quorum.keyStore.password=${TEST_PASSWORD}
ssl.quorum.trustStore.location=${testStorePath('ca.pem')}
`;
  const anyName = 'ssl.quorum.hostnameVerification=false\n';
  const serving = (members: readonly Member[]) => () => members.every((member) => member.mode !== null);

  test('they elect and follow over TLS alone, and strangers without TLS hear nothing', async () => {
    const { start, members, hosts, client } = world();
    for (const id of [1, 2, 3]) await start(id, `sslQuorum=true\n${stores}${anyName}`);
    await eventually(serving(members));
    await client().create('/a', Buffer.from('b'));
    let heard = '';
    let isClosed = false;
    const connection = await hosts[0]!.runtime.network.connect({ host: 'third', port: 3888 });
    connection.start({ data: (bytes) => void (heard += bytes.toString()), closed: () => (isClosed = true) });
    connection.write(Buffer.from('ffffffffffff0000000000000000000100000000', 'hex'));
    await eventually(() => isClosed);
    expect(heard.length).toBeLessThan(10); // an alert of TLS
  });

  test('portUnification: servers with TLS and without are in one ensemble, so that one after the other may change', async () => {
    const { start, members, client } = world();
    const both = `portUnification=true\n${stores}${anyName}`;
    await start(1, both);
    await start(2, `sslQuorum=true\n${both}`);
    await start(3, `sslQuorum=true\n${both}`);
    await eventually(serving(members));
    await client().create('/a', Buffer.from('b'));
  });

  test('a server whose certificate is for another name, or of a stranger, stays outside', async () => {
    const { start, members } = world();
    await start(1, `sslQuorum=true\n${stores}`);
    await start(2, `sslQuorum=true\n${stores}`);
    const stranger = stores.replace('server.jks', 'stranger.pem').replace(TEST_PASSWORD, '');
    await start(3, `sslQuorum=true\n${stranger}${anyName}`);
    const said = (what: RegExp): boolean => log.some((line) => what.test(line));
    await eventually(() => said(/altnames/) && said(/not in the trust store|self-signed/));
    expect(members.map((member) => member.mode)).toEqual([null, null, null]);
  });

  test('sslQuorumReloadCertFiles: a server gets in with the certificate that is put in the place of a wrong one, without a restart', async () => {
    const { start, members, folder, client } = world();
    const store = join(folder, 'own.pem');
    const password = join(folder, 'password');
    const put = (name: string, secret: string, changedAt: number): void => {
      copyFileSync(testStorePath(name), store);
      writeFileSync(password, secret);
      utimesSync(store, changedAt, changedAt);
    };
    put('stranger.pem', '', 1);
    const own = `ssl.quorum.keyStore.location=${store}\nssl.quorum.keyStore.passwordPath=${password}\nssl.quorum.trustStore.location=${testStorePath('ca.pem')}\n`;
    const reloads = `sslQuorum=true\nsslQuorumReloadCertFiles=true\n${anyName}`;
    const first = await start(1, `${reloads}${own}`);
    for (const id of [2, 3]) await start(id, `${reloads}${stores}`);
    await eventually(serving(members.slice(1)));
    await client().create('/a', Buffer.from('b'));
    expect(first.mode).toBe(null);

    writeFileSync(store, 'damaged');
    await eventually(() => log.some((line) => line.startsWith('the old keys and certificates stay in use')));
    put('server.pem', TEST_PASSWORD, 2);
    await eventually(serving(members));
    expect(first.mode).toBe('follower');
    expect(log).toContain('the keys and certificates of ssl.quorum.* were read anew');
  });
});
