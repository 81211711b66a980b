import { createTopics } from '../../../src/kafka/protocol/messages/19-create-topics.ts';
import { deleteTopics } from '../../../src/kafka/protocol/messages/20-delete-topics.ts';
import { describeConfigs } from '../../../src/kafka/protocol/messages/32-describe-configs.ts';
import { alterConfigs } from '../../../src/kafka/protocol/messages/33-alter-configs.ts';
import { createPartitions } from '../../../src/kafka/protocol/messages/37-create-partitions.ts';
import { electLeaders } from '../../../src/kafka/protocol/messages/43-elect-leaders.ts';
import { incrementalAlterConfigs } from '../../../src/kafka/protocol/messages/44-incremental-alter-configs.ts';
import { alterPartitionReassignments } from '../../../src/kafka/protocol/messages/45-alter-partition-reassignments.ts';
import { listPartitionReassignments } from '../../../src/kafka/protocol/messages/46-list-partition-reassignments.ts';
import { ZERO_UUID } from '../../../src/kafka/protocol/schema.ts';
import { ErrorCode } from '../../../src/kafka/protocol/errors.ts';
import { exchange, TOPIC, type Asked, type Exchange } from './exchange.ts';

const TOPIC_RESOURCE = 2;
const BROKER_RESOURCE = 4;
const SET = 0;
const APPEND = 2;

const newTopic = (name: string) => ({
  topics: [
    {
      name,
      numPartitions: 1,
      replicationFactor: 1,
      assignments: [],
      configs: [{ name: 'retention.ms', value: '3600000' }],
    },
  ],
  timeoutMs: 10_000,
});

async function created(asked: Asked, name: string): Promise<string> {
  await asked.ask(createTopics, 2, newTopic(name));
  return name;
}

/** What administrators ask of the controller. */
export const topicExchanges: readonly Exchange[] = [
  exchange(createTopics, (send, _, version) => send(newTopic(`created-in-${version}`))),
  exchange(createTopics, (send) => send({ ...newTopic(TOPIC), validateOnly: true }), [
    ErrorCode.TOPIC_ALREADY_EXISTS,
  ]),
  exchange(deleteTopics, async (send, asked, version) => {
    const name = await created(asked, `deleted-in-${version}`);
    return send({ topics: [{ name, topicId: ZERO_UUID }], topicNames: [name], timeoutMs: 10_000 });
  }),
  exchange(createPartitions, async (send, asked, version) => {
    const name = await created(asked, `grown-in-${version}`);
    return send({ topics: [{ name, count: 3, assignments: null }], timeoutMs: 10_000, validateOnly: false });
  }),
  exchange(
    electLeaders,
    (send) => send({ topicPartitions: [{ topic: TOPIC, partitions: [0] }], timeoutMs: 10_000 }),
    [ErrorCode.ELECTION_NOT_NEEDED],
  ),
  exchange(describeConfigs, (send, { broker }) =>
    send({
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: TOPIC,
          configurationKeys: ['cleanup.policy', 'retention.ms', 'segment.bytes'],
        },
        {
          resourceType: BROKER_RESOURCE,
          resourceName: String(broker.id),
          configurationKeys: ['num.partitions', 'log.retention.ms', 'ssl.keystore.password'],
        },
      ],
      includeSynonyms: true,
    }),
  ),
  exchange(alterConfigs, (send, _, version) =>
    send({
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: TOPIC,
          configs: [{ name: 'retention.ms', value: String(1_000_000 + version) }],
        },
      ],
      validateOnly: false,
    }),
  ),
  exchange(incrementalAlterConfigs, (send) =>
    send({
      resources: [
        {
          resourceType: TOPIC_RESOURCE,
          resourceName: TOPIC,
          configs: [
            { name: 'cleanup.policy', configOperation: APPEND, value: 'compact' },
            { name: 'retention.ms', configOperation: SET, value: '2000000' },
          ],
        },
      ],
      validateOnly: true,
    }),
  ),
  exchange(alterPartitionReassignments, (send, { broker }) =>
    send({ topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0, replicas: [broker.id] }] }] }),
  ),
  exchange(listPartitionReassignments, (send) => send({ topics: null })),
];
