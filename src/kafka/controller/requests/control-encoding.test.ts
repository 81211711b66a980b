import { describe, expect, test } from 'vitest';
import { Reader } from '../../../wire/reader.ts';
import type { Api, RequestOf } from '../../protocol/api.ts';
import { decodeRequest, decodeRequestHeader, encodeRequest } from '../../protocol/codec.ts';
import {
  controlVersions,
  leaderAndIsrMessage,
  stopReplicaMessage,
  updateMetadataMessage,
  type EncodedControl,
  type Sender,
} from './control-encoding.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';

const broker: LiveBroker = {
  id: 2,
  endpoints: [
    { listener: 'OUT', securityProtocol: 'SASL_SSL', host: 'public', port: 1 },
    { listener: 'IN', securityProtocol: 'PLAINTEXT', host: 'kafka2', port: 9092 },
  ],
  rack: 'r2',
  jmxPort: -1,
  timestampMs: 0,
  epoch: 77n,
};
const state = { leader: 2, leaderEpoch: 3, isr: [2, 1], controllerEpoch: 1, version: 4 };

function sender(protocol: string): Sender {
  const versions = controlVersions(protocol);
  return { controllerId: 1, controllerEpoch: 5, brokerEpoch: 77n, listener: 'IN', versions };
}

/** What the receiver gets. */
function received<A extends Api>({ api, version, body }: EncodedControl<A>): RequestOf<A> {
  const bytes = Buffer.concat(encodeRequest(api, version, 1, '1', body));
  const reader = new Reader(bytes, 4);
  decodeRequestHeader(reader);
  return decodeRequest(api, version, reader) as RequestOf<A>;
}

test.each([
  ['0.9.0', [0, 1, 0]],
  ['0.10.0-IV1', [0, 2, 0]],
  ['0.10.2-IV0', [0, 3, 0]],
  ['1.0-IV0', [1, 4, 0]],
  ['2.2-IV0', [2, 5, 1]],
  ['2.3-IV1', [2, 5, 1]],
])('inter.broker.protocol.version %s stands for these versions', (protocol, expected) => {
  const { leaderAndIsr, updateMetadata, stopReplica } = controlVersions(protocol);
  expect([leaderAndIsr, updateMetadata, stopReplica]).toEqual(expected);
});

describe.each(['0.8.2', '0.9.0', '0.10.0-IV1', '0.10.2-IV0', '1.0-IV0', '2.3-IV1'])('with %s', (protocol) => {
  test('LeaderAndIsr names the leaders by the listener of the brokers', () => {
    const partitions = [{ topic: 't', partition: 0, state, replicas: [2, 1], isNew: true }];
    const request = { kind: 'leaderAndIsr', partitions, liveLeaders: [broker] } as const;
    const got = received(leaderAndIsrMessage(sender(protocol), request));
    const [first] = [...got.ungroupedPartitionStates, ...got.topicStates.flatMap((t) => t.partitionStates)];
    expect(first).toMatchObject({
      leader: 2,
      leaderEpoch: 3,
      isr: [2, 1],
      partitionEpoch: 4,
      replicas: [2, 1],
    });
    expect(got.liveLeaders).toEqual([{ brokerId: 2, hostName: 'kafka2', port: 9092 }]);
  });

  test('UpdateMetadata names every listener of every broker', () => {
    const partitions = [{ topic: 't', partition: 0, state, replicas: [2, 1], offlineReplicas: [1] }];
    const request = { kind: 'updateMetadata', partitions, liveBrokers: [broker] } as const;
    const got = received(updateMetadataMessage(sender(protocol), request));
    const [first] = [...got.ungroupedPartitionStates, ...got.topicStates.flatMap((t) => t.partitionStates)];
    expect(first).toMatchObject({ leader: 2, zkVersion: 4 });
    if (protocol !== '0.8.2') {
      expect(
        got.liveBrokers[0]?.endpoints.map(({ port, securityProtocol }) => [port, securityProtocol]),
      ).toEqual([
        [1, 3],
        [9092, 0],
      ]);
    }
  });

  test('StopReplica', () => {
    const partitions = [{ topic: 't', partition: 6, leaderEpoch: 3 }];
    const request = { kind: 'stopReplica', partitions, deletePartitions: true } as const;
    const got = received(stopReplicaMessage(sender(protocol), request));
    expect(got.deletePartitions).toBe(true);
    expect([
      ...got.ungroupedPartitions.map(({ partitionIndex }) => partitionIndex),
      ...got.topics.flatMap(({ partitionIndexes }) => partitionIndexes),
    ]).toEqual([6]);
  });
});

test('the broker epoch goes along from 2.2 on', () => {
  const request = { kind: 'stopReplica', partitions: [], deletePartitions: false } as const;
  expect(received(stopReplicaMessage(sender('2.3-IV1'), request)).brokerEpoch).toBe(77);
  expect(received(stopReplicaMessage(sender('2.1-IV2'), request)).brokerEpoch).toBe(-1);
});
