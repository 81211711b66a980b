import { produce } from '../../../src/kafka/protocol/messages/00-produce.ts';
import { fetch } from '../../../src/kafka/protocol/messages/01-fetch.ts';
import { listOffsets } from '../../../src/kafka/protocol/messages/02-list-offsets.ts';
import { deleteRecords } from '../../../src/kafka/protocol/messages/21-delete-records.ts';
import { initProducerId } from '../../../src/kafka/protocol/messages/22-init-producer-id.ts';
import { offsetForLeaderEpoch } from '../../../src/kafka/protocol/messages/23-offset-for-leader-epoch.ts';
import { exchange, TOPIC, type Exchange } from './exchange.ts';

const SESSIONS = 7; // KIP-227
const FROM_THE_START = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 200 }];

/** What producers, consumers and followers ask of leaders. */
export const recordExchanges: readonly Exchange[] = [
  exchange(produce, (send, { records, topicId }, version) =>
    send({
      transactionalId: null,
      acks: -1,
      timeoutMs: 5000,
      topicData: [
        {
          name: TOPIC,
          topicId,
          partitionData: [{ index: 0, records: records(version < 2 ? 0 : version < 3 ? 1 : 2) }],
        },
      ],
    }),
  ),
  exchange(fetch, (send, { topicId }) =>
    send({
      maxWaitMs: 0,
      minBytes: 0,
      topics: [{ topic: TOPIC, topicId, partitions: FROM_THE_START }],
      forgottenTopicsData: [],
    }),
  ),
  exchange(fetch, async (send, { ask, topicId }, version) => {
    const topics = [{ topic: TOPIC, topicId, partitions: FROM_THE_START }];
    const wait = { maxWaitMs: 0, minBytes: 0, forgottenTopicsData: [] };
    if (version < SESSIONS) return send({ ...wait, topics: [] });
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
