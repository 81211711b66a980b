import { ConfigResourceTypes, Kafka, logLevel, type KafkaMessage } from 'kafkajs';
import { eventually } from '../../test/support/eventually.ts';
import { compareClient } from '../support/compare.ts';
import { until } from '../support/processes.ts';

compareClient('kafkajs', async (cluster) => {
  const kafka = new Kafka({
    brokers: cluster.bootstrap.split(','),
    clientId: 'interop',
    logLevel: logLevel.NOTHING,
  });
  const admin = kafka.admin();
  await admin.connect();
  const created = await admin.createTopics({
    waitForLeaders: true,
    topics: [
      {
        topic: 'orders',
        numPartitions: 4,
        replicationFactor: 3,
        configEntries: [{ name: 'retention.ms', value: '60000' }],
      },
    ],
  });
  const createdAgain = await admin.createTopics({
    topics: [{ topic: 'orders', numPartitions: 4, replicationFactor: 3 }],
  });
  // It asks any broker; brokers learn of a topic one after the other.
  const partitionsOf = async (count: number) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['orders'] });
    const partitions = topics[0]?.partitions;
    return partitions?.length === count ? partitions : false;
  };
  const partitions = await eventually(() => partitionsOf(4));

  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const sent = await producer.send({
    topic: 'orders',
    acks: -1,
    messages: Array.from({ length: 40 }, (_, i) => ({
      key: `k${i}`,
      value: `v${i}`,
      partition: i % 4,
      headers: { n: String(i) },
    })),
  });

  const consumer = kafka.consumer({ groupId: 'kafkajs-readers' });
  await consumer.connect();
  await consumer.subscribe({ topic: 'orders', fromBeginning: true });
  const messages: { partition: number; message: KafkaMessage }[] = [];
  await consumer.run({
    eachMessage: async ({ partition, message }) => {
      messages.push({ partition, message });
    },
  });
  await until('all messages', () => messages.length >= 40);
  const group = await admin.describeGroups(['kafkajs-readers']);
  await consumer.disconnect();
  const offsets = await admin.fetchOffsets({ groupId: 'kafkajs-readers', topics: ['orders'] });
  const configs = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 'orders' }],
  });
  await admin.createPartitions({ topicPartitions: [{ topic: 'orders', count: 6 }] });
  const grown = await eventually(() => partitionsOf(6));
  await admin.deleteTopicRecords({ topic: 'orders', partitions: [{ partition: 0, offset: '5' }] });
  const topicOffsets = await eventually(async () => {
    const offsets = await admin.fetchTopicOffsets('orders');
    return offsets.length === 6 && offsets;
  });
  await admin.deleteGroups(['kafkajs-readers']);
  const groups = await admin.listGroups();
  await admin.deleteTopics({ topics: ['orders'] });
  const gone = await until(
    'the deletion',
    async () => !(await admin.listTopics()).includes('orders') && 'gone',
  );
  await producer.disconnect();
  await admin.disconnect();
  const byPartition = (a: { partition: number }, b: { partition: number }) => a.partition - b.partition;
  return {
    created,
    createdAgain,
    partitions: partitions
      .map((p) => ({ id: p.partitionId, replicas: p.replicas.length, isr: p.isr.length, led: p.leader > 0 }))
      .sort((a, b) => a.id - b.id),
    sent: sent.map((s) => ({ ...s, logAppendTime: s.logAppendTime })).sort(byPartition),
    received: messages
      .map(
        (m) =>
          `${m.partition} ${m.message.offset} ${m.message.key?.toString()} ${m.message.value?.toString()} ${String(m.message.headers?.['n'])}`,
      )
      .sort(),
    group: group.groups.map((g) => ({
      state: g.state,
      protocol: g.protocol,
      type: g.protocolType,
      members: g.members.length,
    })),
    committed: offsets[0]?.partitions.sort(byPartition),
    configs: configs.resources[0]?.configEntries
      .map((c) => `${c.configName}=${c.configValue} default=${c.isDefault} source=${c.configSource}`)
      .sort(),
    grown: grown.length,
    topicOffsets: topicOffsets.sort(byPartition),
    groups: groups.groups,
    gone,
  };
});
