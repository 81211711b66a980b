import { expect, test } from 'vitest';
import { ensembleOf } from '../../../../test/zookeeper/ensemble-of.ts';
import { SimulatedEnsemble } from '../../../../test/zookeeper/simulated-ensemble.ts';
import { FileError, type Files, type Log } from '../../../runtime/runtime.ts';
import { TestWorld } from '../../../../test/support/tree-world.ts';
import { parseZooKeeperConfig } from '../../server/config/config.ts';
import { Configurations } from './configurations.ts';
import { ConfigFiles, regenerateConfig, withDynamicFile } from './config-files.ts';

const host = () => {
  const { world, servers } = new SimulatedEnsemble({ seed: 1, servers: 1 });
  const { files, log } = servers[0]!.host.runtime;
  files.makeFolder('/conf');
  return { world, files, log };
};
const fails = (error: unknown): never => {
  throw error;
};
const put = (files: Files, path: string, text: string): void => {
  const file = files.open(path, 'write');
  file.write(Buffer.from(text), 0);
  file.close();
};
const get = (files: Files, path: string): string => {
  const file = files.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0, bytes.length, 0);
  file.close();
  return bytes.toString();
};

test('a reconfiguration moves the servers out of zoo.cfg into a file named after its version', async () => {
  const { world, files, log } = host();
  const text =
    '# mine\ntickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\nclientPort=2181\nserver.1=zk1:1:2\n';
  put(files, '/conf/zoo.cfg', text);
  const kept = new ConfigFiles(files, log, '/conf/zoo.cfg', fails);
  kept.backUp();
  const next = ensembleOf([1, 2, 3], [], 0x100000007);
  kept.seen(next);
  await world.play(async () => kept.writing);
  expect(kept.proposed()?.text).toBe(next.text);
  expect(get(files, '/conf/zoo.cfg.bak')).toBe(text);

  kept.activated(next, false);
  await world.play(async () => kept.writing);
  expect(files.list('/conf')).toEqual(['zoo.cfg', 'zoo.cfg.bak', 'zoo.cfg.dynamic.100000007']);
  const rewritten = get(files, '/conf/zoo.cfg');
  expect(rewritten).toBe(
    'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\ndynamicConfigFile=/conf/zoo.cfg.dynamic.100000007\n',
  );
  expect(get(files, '/conf/zoo.cfg.dynamic.100000007')).toBe(
    'server.1=zk1:2888:3888:participant;0.0.0.0:2181\nserver.2=zk2:2888:3888:participant;0.0.0.0:2181\n' +
      'server.3=zk3:2888:3888:participant;0.0.0.0:2181',
  );
  const { config } = parseZooKeeperConfig(rewritten, 'zoo.cfg');
  const again = withDynamicFile(files, config!);
  expect(again.configVersion).toBe(0x100000007);
  expect(again.members.map(({ id }) => id)).toEqual([1, 2, 3]);
});

test('one that is proposed later than what comes into force is remembered, also after a start', async () => {
  const { world, files, log } = host();
  const text = 'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\nclientPort=2181\nserver.1=zk1:1:2\n';
  put(files, '/conf/zoo.cfg', text);
  const { config } = parseZooKeeperConfig(`${text}server.2=zk2:1:2\nreconfigEnabled=true\n`, 'zoo.cfg');
  const know = (): Configurations => {
    const kept = new ConfigFiles(files, log, '/conf/zoo.cfg', fails);
    const { tree } = new TestWorld();
    tree.lastZxid = 0x100000009;
    return new Configurations(config!, config!.members[0]!, kept, tree);
  };
  const known = know();
  known.seen(ensembleOf([1, 2, 3], [], 0x100000007), () => true);
  known.activate(ensembleOf([1, 2], [], 0x100000003));
  await world.play(async () => known.writing);
  expect(know().proposed?.voters).toEqual([1, 2, 3]);
});

test('one that was proposed and never got into the log is forgotten for good, though the log comes past it', async () => {
  const { world, files, log } = host();
  const text = 'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\nclientPort=2181\nserver.1=zk1:1:2\n';
  put(files, '/conf/zoo.cfg', text);
  const { config } = parseZooKeeperConfig(`${text}server.2=zk2:1:2\nreconfigEnabled=true\n`, 'zoo.cfg');
  const { tree } = new TestWorld();
  const know = (lastZxid: number): Configurations => {
    tree.lastZxid = lastZxid;
    const kept = new ConfigFiles(files, log, '/conf/zoo.cfg', fails);
    return new Configurations(config!, config!.members[0]!, kept, tree);
  };
  const known = know(0x100000009);
  known.seen(ensembleOf([1, 2, 3], [], 0x200000001), () => true);
  await world.play(async () => known.writing);
  const again = know(0x100000009);
  expect(again.proposed).toBe(null);
  await world.play(async () => again.writing);
  expect(know(0x300000002).proposed).toBe(null);
});

test('what another server tells is taken up if it is later than the own configuration, and not older than the one in the own tree', () => {
  const { files, log } = host();
  const text =
    'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\nclientPort=2181\nserver.1=zk1:1:2\nserver.2=zk2:1:2\n';
  const { config } = parseZooKeeperConfig(`${text}reconfigEnabled=true\n`, 'zoo.cfg');
  const kept = new ConfigFiles(files, log, null, fails);
  const { tree } = new TestWorld();
  const known = (): Configurations => new Configurations(config!, config!.members[0]!, kept, tree);
  const told = (version: number): string => ensembleOf([1, 2], [], version).text;
  expect(known().laterIn(told(0))).toBe(null);
  expect(known().laterIn(told(0x100000001))?.version).toBe(0x100000001);
  tree.setConfiguration(told(0x100000002), 0x100000002, 0);
  const late = known();
  expect(late.laterIn(told(0x100000001))).toBe(null);
  expect(late.laterIn(told(0x100000002))?.version).toBe(0x100000002);
  // That one was cut off the log.
  late.cutTo(0x100000001);
  expect(late.laterIn(told(0x100000001))?.version).toBe(0x100000001);
});

test('where zoo.cfg is made anew at each start, the servers of the last reconfiguration stay, until others are asked for', async () => {
  const { world, files, log } = host();
  const made = 'tickTime=500\ndataDir=/data\nclientPort=2181\nserver.1=zk1:1:2\nserver.2=zk2:1:2\n';
  const path = '/etc/kafka/zookeeper.properties';
  const start = (text: string): Promise<string> => world.play(() => regenerateConfig(files, path, text));
  expect(await start(made)).toBe(made);
  const kept = new ConfigFiles(files, log, path, fails);
  kept.backUp();
  kept.activated(ensembleOf([1, 3], [], 0x100000007), false);
  await world.play(async () => kept.writing);

  const other = made.replace('500', '700');
  const text = `tickTime=700\ndataDir=/data\ndynamicConfigFile=${path}.dynamic.100000007\n`;
  expect(await start(other)).toBe(text);
  expect(get(files, path)).toBe(text);
  expect(await start(other)).toBe(text);
  const grown = `${made}server.3=zk3:1:2\n`;
  expect(await start(grown)).toBe(grown);
  expect(await start(grown)).toBe(grown);
});

test('without the file that tells the servers, those that were asked for count', async () => {
  const { world, files, log } = host();
  const made = 'dataDir=/data\nserver.1=zk1:1:2;2181\nserver.2=zk2:1:2;2181\n';
  await world.play(() => regenerateConfig(files, '/conf/zoo.cfg', made));
  const kept = new ConfigFiles(files, log, '/conf/zoo.cfg', fails);
  kept.backUp();
  kept.activated(ensembleOf([1, 2], [], 0x100000000), false);
  await world.play(async () => kept.writing);
  files.remove('/conf/zoo.cfg.dynamic.100000000');
  expect(await world.play(() => regenerateConfig(files, '/conf/zoo.cfg', made))).toBe(made);
});

test.each([
  ['EIO', ['failed: EIO'], true],
  ['EROFS', ["error: the configuration can't be written beside /conf/zoo.cfg: no"], false],
])('a configuration that can not be written for %s: %j', async (code, expected, isFatal) => {
  const { world, files } = host();
  const said: string[] = [];
  const log: Log = {
    debug() {},
    info() {},
    warn() {},
    error: (text) => said.push(`error: ${text}`),
    with: () => log,
  };
  const broken: Files = Object.assign(Object.create(files) as Files, {
    open: (path: string): never => {
      throw new FileError(code, path, 'no');
    },
  });
  const failed = (error: unknown): void => void said.push(`failed: ${(error as FileError).code}`);
  const kept = new ConfigFiles(broken, log, '/conf/zoo.cfg', failed);
  kept.seen(ensembleOf([1, 2, 3], [], 0x100000007));
  const writing = kept.writing!;
  await world.play(() => (isFatal ? expect(writing).rejects.toThrow('no') : writing));
  await world.play(async () => {});
  expect(said).toEqual(expected);
});

test('a dynamic file that is missing, tells its version or is nonsense is named', () => {
  const { files } = host();
  const text = 'tickTime=500\ninitLimit=5\nsyncLimit=2\ndataDir=/data\ndynamicConfigFile=/conf/servers\n';
  const config = parseZooKeeperConfig(text, 'zoo.cfg').config!;
  expect(() => withDynamicFile(files, config)).toThrow('is missing; write the server lines');
  put(files, '/conf/servers', 'server.1=a:1:2;3\nversion=5\n');
  expect(() => withDynamicFile(files, config)).toThrow('version is the end of its name');
  files.remove('/conf/servers');
  put(files, '/conf/servers', 'server.1=a\n');
  expect(() => withDynamicFile(files, config)).toThrow("can't be read: server.1");
});
