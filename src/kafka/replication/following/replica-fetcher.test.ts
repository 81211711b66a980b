import { afterEach, beforeEach, expect, test } from 'vitest';
import { createNodeCodecs } from '../../../runtime/node/codecs.ts';
import { createNodeDigests } from '../../../runtime/node/digests.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { SimulatedWorld } from '../../../runtime/simulated/simulated-world.ts';
import { toSafe } from '../../../wire/int64.ts';
import { RequestMetrics } from '../../broker/request-metrics.ts';
import { RequestRouter } from '../../broker/request-router.ts';
import { serve } from '../../broker/served-api.ts';
import { SocketServer } from '../../broker/connections/socket-server.ts';
import { defaultLogConfig } from '../../log/log-config.ts';
import { PartitionLog } from '../../log/partition-log.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { fetch } from '../../protocol/messages/01-fetch.ts';
import { listOffsets } from '../../protocol/messages/02-list-offsets.ts';
import { offsetForLeaderEpoch } from '../../protocol/messages/23-offset-for-leader-epoch.ts';
import { forEachBatch } from '../../records/batch.ts';
import { buildBatch } from '../../records/build-batch.ts';
import { readRecords } from '../../records/read-records.ts';
import { followerVersions } from './inter-broker-versions.ts';
import { Partition } from '../partition.ts';
import { ReplicaFetcher } from './replica-fetcher.ts';

const codecs = createNodeCodecs();
const digests = createNodeDigests();
const LEADER = 1;
const FOLLOWER = 2;
const EPOCH = 3;

let world: SimulatedWorld;
let leader: PartitionLog;
let follower: PartitionLog;
let fetcher: ReplicaFetcher | null = null;

function openLog(runtime: Runtime): PartitionLog {
  return PartitionLog.open(runtime, '/logs/t-0', defaultLogConfig, {
    topicPartition: { topic: 't', partition: 0 },
    clean: true,
    recoveryPoint: 0,
    logStartOffset: 0,
    onStorageFailure: (error) => {
      throw error;
    },
  });
}

function append(log: PartitionLog, ...values: string[]): void {
  for (const value of values) {
    const records = buildBatch(codecs, digests, [
      { value: Buffer.from(value), timestamp: 1_700_000_000_000 },
    ]);
    log.appendAsLeader(records, { leaderEpoch: EPOCH, origin: 'client', produceVersion: 8 });
  }
  log.highWatermark = log.logEndOffset;
}

function contentOf(log: PartitionLog): string[] {
  const found: string[] = [];
  for (let next = log.logStartOffset; next < log.logEndOffset;) {
    const { records, nextOffset } = log.read(next, 1 << 20, log.logEndOffset, true);
    for (const part of records)
      forEachBatch(part, 0, part.length, (at, size) => {
        for (const { offset, value } of readRecords(codecs, part, at, size))
          found.push(`${offset} ${value!.toString()}`);
      });
    next = nextOffset;
  }
  return found;
}

/** What a leader of before KIP-101 answers: it knows no epochs, so that followers find out by OFFSET_OUT_OF_RANGE alone. */
const leaderApis = () => [
  serve(fetch, (request) => {
    const [wanted] = request.topics[0]?.partitions ?? [];
    if (wanted === undefined) return { errorCode: ErrorCode.NONE, sessionId: 0, responses: [] };
    const from = toSafe(wanted.fetchOffset, 'offset');
    const isThere = from >= leader.logStartOffset && from <= leader.logEndOffset;
    const records = isThere ? leader.read(from, 1 << 20, leader.logEndOffset, true).records : [];
    const answer = {
      partitionIndex: 0,
      errorCode: isThere ? ErrorCode.NONE : ErrorCode.OFFSET_OUT_OF_RANGE,
      highWatermark: isThere ? leader.highWatermark : -1,
      logStartOffset: isThere ? leader.logStartOffset : -1,
      records: [...records],
    };
    return {
      errorCode: ErrorCode.NONE,
      sessionId: 0,
      responses: [{ topic: 't', topicId: request.topics[0]!.topicId, partitions: [answer] }],
    };
  }),
  serve(listOffsets, (request) => {
    const { timestamp } = request.topics[0]!.partitions[0]!;
    const offset = timestamp === -1 ? leader.logEndOffset : leader.logStartOffset;
    return {
      topics: [
        { name: 't', partitions: [{ partitionIndex: 0, errorCode: ErrorCode.NONE, timestamp: -1, offset }] },
      ],
    };
  }),
  serve(offsetForLeaderEpoch, () => ({
    topics: [
      {
        topic: 't',
        partitions: [{ partition: 0, errorCode: ErrorCode.NONE, leaderEpoch: -1, endOffset: -1 }],
      },
    ],
  })),
];

beforeEach(async () => {
  world = new SimulatedWorld({ seed: 1, digests, codecs, afterPromises: (run) => void setImmediate(run) });
  const here = world.host('leader').runtime;
  leader = openLog(here);
  follower = openLog(world.host('follower').runtime);
  const server = new SocketServer(
    here,
    {
      listeners: [{ name: 'PLAINTEXT', protocol: 'PLAINTEXT', host: '', port: 9092 }],
      socketRequestMaxBytes: 1 << 20,
      connectionsMaxIdleMs: 600_000,
      maxConnections: 100,
      maxConnectionsPerIp: 100,
      maxConnectionsPerIpOverrides: new Map(),
    },
    new RequestMetrics(),
  );
  let isBound = false;
  void server.bind().then(() => {
    isBound = true;
  });
  await world.run(() => isBound, 1000);
  server.serve(new RequestRouter(leaderApis(), here.log));
});

afterEach(() => {
  fetcher?.stop();
});

/** Follows the leader until the logs are the same. */
async function follow(): Promise<void> {
  const { runtime } = world.host('follower-process');
  const host = {
    brokerId: FOLLOWER,
    replicaLagTimeMaxMs: 10_000,
    now: () => runtime.clock.monotonicMs(),
    writeIsr: () => Promise.resolve(null),
    changed: () => undefined,
  };
  const partition = new Partition(host, follower, follower.logEndOffset);
  partition.becomeFollower({
    controllerEpoch: 1,
    leader: LEADER,
    leaderEpoch: EPOCH,
    isr: [LEADER],
    zkVersion: 0,
    replicas: [LEADER, FOLLOWER],
    isNew: false,
  });
  fetcher = new ReplicaFetcher(runtime, {
    brokerId: FOLLOWER,
    source: LEADER,
    clientId: 'follower',
    versions: followerVersions('2.3-IV1'),
    maxBytes: 1 << 20,
    maxResponseBytes: 10 << 20,
    minBytes: 1,
    maxWaitMs: 500,
    backoffMs: 100,
    socketTimeoutMs: 30_000,
    endpoint: () => ({ host: 'leader', port: 9092 }),
  });
  fetcher.add(partition);
  await world.run(
    () =>
      follower.logEndOffset === leader.logEndOffset &&
      follower.highWatermark === leader.highWatermark &&
      follower.logStartOffset >= leader.logStartOffset,
    60_000,
  );
}

test('a follower whose leader begins later begins anew there', async () => {
  append(follower, 'a', 'b', 'c');
  leader.truncateFullyAndStartAt(100);
  append(leader, 'x', 'y');
  await follow();
  expect(contentOf(follower)).toEqual(['100 x', '101 y']);
  expect(follower.logStartOffset).toBe(100);
});

test('a follower whose leader ends earlier, after an unclean election, is cut to where that ends', async () => {
  append(follower, 'a', 'b', 'c', 'lost', 'lost, too');
  append(leader, 'a', 'b', 'c');
  await follow();
  expect(contentOf(follower)).toEqual(['0 a', '1 b', '2 c']);
  append(leader, 'd');
  await world.run(() => follower.logEndOffset === 4, 60_000);
  expect(contentOf(follower)).toEqual(['0 a', '1 b', '2 c', '3 d']);
});

test('a follower whose leader ends before the follower’s own start begins anew at that end', async () => {
  follower.truncateFullyAndStartAt(50);
  append(follower, 'late', 'later');
  append(leader, 'a', 'b', 'c');
  await follow();
  append(leader, 'd');
  await world.run(() => follower.logEndOffset === 4, 60_000);
  expect(contentOf(follower)).toEqual(['3 d']);
  expect(follower.logStartOffset).toBe(3);
});
