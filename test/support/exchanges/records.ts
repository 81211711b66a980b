import { produce } from '../../../src/kafka/protocol/messages/00-produce.ts';
import { fetch } from '../../../src/kafka/protocol/messages/01-fetch.ts';
import { listOffsets } from '../../../src/kafka/protocol/messages/02-list-offsets.ts';
import { deleteRecords } from '../../../src/kafka/protocol/messages/21-delete-records.ts';
import { initProducerId } from '../../../src/kafka/protocol/messages/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from '../../../src/kafka/protocol/messages/23-offset-for-leader-epoch.ts';
import { ErrorCode } from '../../../src/kafka/protocol/errors.ts';
import { exchange, TOPIC, type Exchange } from './exchange.ts';

const FETCH_WITH_IDS = 13; // KIP-516; a cluster of inter.broker.protocol.version 2.3 has none

/** What producers, consumers and followers ask of leaders. */
export const recordExchanges: readonly Exchange[] = [
  exchange(produce, (send, { records }, version) =>
    send({
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [
        {
          name: TOPIC,
          partitionData: [{ index: 0, records: records(version < 2 ? 0 : version < 3 ? 1 : 2) }],
        },
      ],
    }),
  ),
  exchange(
    fetch,
    (send) =>
      send({
        maxWaitMs: 0,
        minBytes: 0,
        topics: [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 200 }] }],
        forgottenTopicsData: [],
      }),
    [ErrorCode.UNKNOWN_TOPIC_ID],
  ),
  exchange(fetch, async (send, { ask }, version) => {
    const topics = [{ topic: TOPIC, partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 200 }] }];
    const wait = { maxWaitMs: 0, minBytes: 0, forgottenTopicsData: [] };
    if (version < 7 || version >= FETCH_WITH_IDS) return send({ ...wait, topics: [] });
    const { sessionId } = await ask(fetch, version, { ...wait, sessionEpoch: 0, topics });
    return send({ ...wait, sessionId, sessionEpoch: 1, topics: [] });
  }),
  ...[-1, -2].map((timestamp) =>
    exchange(listOffsets, (send) =>
      send({
        replicaId: -1,
        isolationLevel: 1,
        topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, timestamp, maxNumOffsets: 5 }] }],
        timeoutMs: 1000,
      }),
    ),
  ),
  exchange(deleteRecords, (send) =>
    send({ topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, offset: 0 }] }], timeoutMs: 5000 }),
  ),
  exchange(initProducerId, (send) => send({ transactionalId: null, transactionTimeoutMs: 1000 })),
  exchange(offsetForLeaderEpoch, (send) =>
    send({ replicaId: -2, topics: [{ topic: TOPIC, partitions: [{ partition: 0, leaderEpoch: 0 }] }] }),
  ),
];
