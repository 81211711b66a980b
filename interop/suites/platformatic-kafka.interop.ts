import { Admin, Consumer, Producer, stringDeserializers, stringSerializers } from '@platformatic/kafka';
import { eventually } from '../../test/support/eventually.ts';
import { compareClient } from '../support/compare.ts';

// It asks ApiVersions 3 first and gives up on brokers before 2.4, so Apache's side is 3.9.1.
compareClient(
  '@platformatic/kafka',
  async (cluster) => {
    const base = {
      clientId: 'interop',
      bootstrapBrokers: cluster.bootstrap.split(','),
      retries: 60,
      retryDelay: 500,
    };
    const admin = new Admin(base);
    const created = await admin.createTopics({ topics: ['events'], partitions: 3, replicas: 3 });
    // It asks any broker; brokers learn of a topic one after the other.
    await eventually(async () => {
      const { topics } = await admin.metadata({ topics: ['events'], forceUpdate: true });
      return topics.get('events')?.partitionsCount === 3;
    });
    const producer = new Producer({ ...base, serializers: stringSerializers });
    const messages = Array.from({ length: 30 }, (_, i) => ({
      topic: 'events',
      key: `k${i}`,
      value: `v${i}`,
      partition: i % 3,
      headers: { n: String(i) },
    }));
    const sent = await producer.send({ messages, acks: -1 });
    const consumer = new Consumer({
      ...base,
      groupId: 'platformatic-readers',
      deserializers: stringDeserializers,
    });
    const stream = await consumer.consume({ topics: ['events'], mode: 'earliest', autocommit: false });
    const received: string[] = [];
    for await (const message of stream) {
      received.push(
        `${message.partition} ${message.offset} ${message.key} ${message.value} ${message.headers.get('n')}`,
      );
      if (received.length === 30) break;
    }
    await stream.close();
    await consumer.close(true);
    const metadata = await admin.metadata({ topics: ['events'] });
    await admin.deleteTopics({ topics: ['events'] });
    await producer.close();
    await admin.close();
    return {
      created: created.map((t) => ({ name: t.name, partitions: t.partitions, replicas: t.replicas })),
      sent: sent.offsets?.map((o) => `${o.partition} ${o.offset}`).sort(),
      received: received.sort(),
      partitions: metadata.topics.get('events')?.partitionsCount,
      brokers: [...metadata.brokers.keys()].sort(),
    };
  },
  { apache: 'apache 3.9.1' },
);
