import { describe, expect, test } from 'vitest';
import { apiByKey } from '../../src/kafka/protocol/apis.ts';
import { forEachBatch } from '../../src/kafka/records/batch.ts';
import { silentLog } from '../../src/runtime/node/log.ts';
import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import { askEverything, type Everything } from '../../test/support/exchanges/ask-everything.ts';
import { startCluster, type Maker } from '../support/clusters.ts';

/** What differs from run to run, or is said in other words. */
const VARIES = new Set([
  'throttleTimeMs',
  'host',
  'port',
  'clientHost',
  'clusterId',
  'sessionId',
  'producerId',
  'memberId',
  'leader',
  'logDir',
  'totalBytes',
  'usableBytes',
  'errorMessage',
  'topicId',
  'unknownTags',
  'apiKeys', // compared apart
]);

/** Where gregor means to differ from 3.9.1. */
const DIFFERS: readonly { readonly what: RegExp; readonly field: string; readonly because: string }[] = [
  {
    what: /ApiVersions/,
    field: 'finalizedFeaturesEpoch',
    because: 'features come with inter.broker.protocol.version 2.7; gregor has that of 2.3',
  },
  { what: /CreateTopics/, field: 'configs', because: 'the keys and defaults of topics are those of 2.3' },
  {
    what: /DescribeConfigs v0/,
    field: 'isDefault',
    because: '3.9.1 never sets it; gregor says what 2.3 says',
  },
  {
    what: /ElectLeaders v0/,
    field: 'errorCode',
    because: 'who asks in version 0 is told of an election that was not needed as 2.3 tells it: no error',
  },
];

/** Of Apache's APIs those that gregor doesn't serve yet. */
const NOT_YET =
  'SaslHandshake AddPartitionsToTxn AddOffsetsToTxn EndTxn WriteTxnMarkers TxnOffsetCommit DescribeAcls CreateAcls DeleteAcls AlterReplicaLogDirs SaslAuthenticate CreateDelegationToken RenewDelegationToken ExpireDelegationToken DescribeDelegationToken AlterPartitionReassignments ListPartitionReassignments DescribeClientQuotas AlterClientQuotas DescribeUserScramCredentials AlterUserScramCredentials AlterPartition UpdateFeatures Envelope DescribeProducers DescribeTransactions ListTransactions AllocateProducerIds ConsumerGroupHeartbeat ConsumerGroupDescribe'.split(
    ' ',
  );

function settled(what: string, answer: unknown): unknown {
  if (Buffer.isBuffer(answer)) return wholeBatches(answer).toString('hex');
  if (Array.isArray(answer)) return answer.map((item) => settled(what, item)).sort(byName);
  if (typeof answer !== 'object' || answer === null) return answer;
  const differs = DIFFERS.filter((each) => each.what.test(what)).map(({ field }) => field);
  return Object.fromEntries(
    Object.entries(answer)
      .filter(([name]) => !VARIES.has(name) && !differs.includes(name))
      .map(([name, value]) => [name, settled(what, value)]),
  );
}

/** A broker may cut the last batch at the limit that the client named; the client throws the piece away. */
function wholeBatches(bytes: Buffer): Buffer {
  let end = 0;
  forEachBatch(bytes, 0, bytes.length, (at, size) => (end = at + size));
  return end === 0 ? bytes : bytes.subarray(0, end);
}

/** Groups and configurations come in any order. */
function byName(a: unknown, b: unknown): number {
  const nameOf = (item: unknown) => {
    const { groupId, name } = (item ?? {}) as { groupId?: string; name?: string };
    return groupId ?? name ?? '';
  };
  return nameOf(a).localeCompare(nameOf(b));
}

describe('every API in every version, raw', () => {
  const seen = new Map<Maker, Everything>();

  test.each<Maker>(['apache 3.9.1', 'gregor'])('is asked of %s', async (maker) => {
    const cluster = await startCluster(maker, {
      brokers: 1,
      properties: 'auto.create.topics.enable=false\n',
    });
    try {
      const [host, port] = cluster.bootstrap.split(':');
      const broker = { id: 1, host: host!, port: Number(port) };
      // What gregor alone serves would leave topics and groups behind that Apache's broker doesn't have.
      const ofApache = seen.get('apache 3.9.1')?.served;
      const everything = await askEverything(createNodeRuntime({ log: silentLog }), broker, (key) =>
        ofApache === undefined ? [0, 1000] : ofApache.get(key),
      );
      seen.set(maker, everything);
    } finally {
      await cluster.stop();
    }
  });

  test('is answered by gregor as by Apache', () => {
    const [gregor, apache] = both();
    const answers = ({ heard }: Everything, other: Everything) => {
      const shared = new Set(other.heard.map(({ what }) => what));
      return Object.fromEntries(
        heard.filter(({ what }) => shared.has(what)).map(({ what, answer }) => [what, settled(what, answer)]),
      );
    };
    const ofGregor = answers(gregor, apache);
    expect(Object.keys(ofGregor).length).toBeGreaterThan(150);
    expect(ofGregor).toEqual(answers(apache, gregor));
  });

  test('is advertised from the version on that Apache advertises, and up to it or further', () => {
    const [gregor, apache] = both();
    const missing: string[] = [];
    for (const [key, [min, max]] of apache.served) {
      const name = apiByKey(key)!.name;
      const range = gregor.served.get(key);
      if (range === undefined) missing.push(name);
      else expect({ name, min: range[0], upTo: Math.min(range[1], max) }).toEqual({ name, min, upTo: max });
    }
    expect(missing.filter((name) => !NOT_YET.includes(name))).toEqual([]);
  });

  function both(): [Everything, Everything] {
    const found = [seen.get('gregor'), seen.get('apache 3.9.1')] as const;
    if (found[0] === undefined || found[1] === undefined) throw new Error('one of them could not be asked');
    return [found[0], found[1]];
  }
});
