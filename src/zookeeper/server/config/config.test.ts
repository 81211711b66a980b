import { expect, test } from 'vitest';
import { formatProblem } from '../../../wire/problem.ts';
import { parseZooKeeperConfig } from './config.ts';

const said = (text: string): string[] => parseZooKeeperConfig(text, 'zoo.cfg').problems.map(formatProblem);
const least = 'dataDir=/data\nclientPort=2181\n';

test('a small file gets the defaults of Apache, and limits of sessions follow from the tick', () => {
  const { config, problems } = parseZooKeeperConfig(`# mine\ntickTime=2000\n${least}`, 'zoo.cfg');
  expect(problems).toEqual([]);
  expect(config).toMatchObject({
    dataDir: '/data',
    dataLogDir: '/data',
    clientPort: 2181,
    tickTimeMs: 2000,
    minSessionTimeoutMs: 4000,
    maxSessionTimeoutMs: 40000,
    maxClientCnxns: 60,
    juteMaxBuffer: 0xfffff,
    fourLetterWords: 'srvr',
  });
});

test('an unknown key is an error that names the place and the nearest key', () => {
  expect(said(`${least}tickTme=2000`)).toEqual([
    'zoo.cfg:3 KEY_UNKNOWN: tickTme is not a setting of ZooKeeper; did you mean tickTime?',
  ]);
});

test('a wrong value is an error that says what is allowed', () => {
  expect(said(`${least}tickTime=fast\nskipACL=maybe\nclientPort=70000`)).toEqual([
    'zoo.cfg:3 VALUE_WRONG: tickTime can\'t be "fast"; write a whole number of ms of at least 1',
    'zoo.cfg:4 VALUE_WRONG: skipACL can\'t be "maybe"; write yes or no',
    'zoo.cfg:5 KEY_REPEATED: clientPort stands here and in line 2; the last one counts',
    'zoo.cfg:5 VALUE_WRONG: clientPort can\'t be "70000"; write a whole number from 1 to 65535',
  ]);
});

test('a key without meaning here is named in a warning, and the server starts', () => {
  const { config, problems } = parseZooKeeperConfig(`${least}nio.numWorkerThreads=8`, 'zoo.cfg');
  expect(config).not.toBeNull();
  expect(problems.map((problem) => problem.severity)).toEqual(['warning']);
});

test('what cannot be left out safely is an error', () => {
  expect(said(`${least}ssl.crl=true`)[0]).toContain('NOT_SERVED');
  expect(said(`${least}enforce.auth.enabled=false`)).toEqual([]);
});

test('what is missing is named', () => {
  expect(said('')).toEqual([
    'zoo.cfg:1 DATA_DIR_MISSING: dataDir is missing; write dataDir=/path/to/a/folder',
    'zoo.cfg:1 CLIENT_PORT_MISSING: clientPort is missing; write clientPort=2181',
  ]);
});

test('one server line is a standalone server, whose client port it may carry', () => {
  const { config, problems } = parseZooKeeperConfig('dataDir=/data\nserver.1=zk:2888:3888;2181', 'zoo.cfg');
  expect(problems).toEqual([]);
  expect(config).toMatchObject({ clientPort: 2181, clientPortAddress: '0.0.0.0' });
});

test('several server lines are checked one by one, and need limits', () => {
  const text = `${least}server.1=a:2888:3888\nserver.2=b:2888\nserver.3=c:2888:3888:boss\nserver.4=d:2888:3888:observer`;
  expect(said(text).map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
    'zoo.cfg:4 SERVER_LINE_WRONG',
    'zoo.cfg:5 SERVER_LINE_WRONG',
    'zoo.cfg:6 LIMIT_MISSING',
    'zoo.cfg:6 LIMIT_MISSING',
  ]);
});

test('escapes, blanks and joined lines are read as Java reads them', () => {
  const { config } = parseZooKeeperConfig(
    'dataDir = /da\\\n   ta\nclientPort:2181\nadmin.enableServer false',
    'f',
  );
  expect(config).toMatchObject({ dataDir: '/data', clientPort: 2181, adminEnabled: false });
});
