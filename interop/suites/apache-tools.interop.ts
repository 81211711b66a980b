import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareClient, type Observations } from '../support/compare.ts';
import { tool, type KafkaCluster } from '../support/clusters.ts';
import { until } from '../support/processes.ts';

/** Where the tools of each version live. */
const classes = {
  '2.3.0': {
    topics: 'kafka.admin.TopicCommand',
    configs: 'kafka.admin.ConfigCommand',
    groups: 'kafka.admin.ConsumerGroupCommand',
    consoleProducer: 'kafka.tools.ConsoleProducer',
    consoleConsumer: 'kafka.tools.ConsoleConsumer',
    getOffsets: 'kafka.tools.GetOffsetShell',
    deleteRecords: 'kafka.admin.DeleteRecordsCommand',
    logDirs: 'kafka.admin.LogDirsCommand',
  },
  '3.9.1': {
    topics: 'org.apache.kafka.tools.TopicCommand',
    configs: 'kafka.admin.ConfigCommand',
    groups: 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand',
    consoleProducer: 'kafka.tools.ConsoleProducer',
    consoleConsumer: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
    getOffsets: 'org.apache.kafka.tools.GetOffsetShell',
    deleteRecords: 'org.apache.kafka.tools.DeleteRecordsCommand',
    logDirs: 'org.apache.kafka.tools.LogDirsCommand',
  },
} as const;

for (const version of ['2.3.0', '3.9.1'] as const)
  compareClient(`Apache's command-line tools ${version}`, (cluster) => useTools(version, cluster));

async function useTools(version: '2.3.0' | '3.9.1', cluster: KafkaCluster): Promise<Observations> {
  const main = classes[version];
  const server = ['--bootstrap-server', cluster.bootstrap];
  const call = async (which: string, args: string[], input?: string) => {
    const { code, out, err } = await tool(version, which, args, input === undefined ? {} : { input });
    return { code, out, err };
  };
  const words = (text: string) =>
    text
      .split('\n')
      .map((line) => line.trim().replace(/\s+/g, ' '))
      .filter((line) => line !== '');
  const folder = mkdtempSync(join(tmpdir(), 'gregor-tools-'));
  try {
    const seen: Observations = {};
    const created = await call(main.topics, [
      ...server,
      '--create',
      '--topic',
      'tooled',
      '--partitions',
      '3',
      '--replication-factor',
      '3',
      '--config',
      'segment.bytes=1000000',
    ]);
    seen['create'] = created.code;
    // Both ask any broker; brokers learn of a topic one after the other.
    const described = await until('the description', async () => {
      const { out } = await call(main.topics, [...server, '--describe', '--topic', 'tooled']);
      return words(out).length === 4 && words(out);
    });
    seen['describe'] = described.map((line) =>
      line
        .replace(/TopicId: \S+ ?/, '')
        .replace(
          /Leader: \d.*/,
          (rest) => `Leader: n Replicas: ${rest.match(/Replicas: (\S+)/)?.[1]?.split(',').length}`,
        ),
    );
    seen['list'] = await until('the list', async () => {
      const listed = words((await call(main.topics, [...server, '--list'])).out);
      return listed.includes('tooled') && listed;
    });
    const records = Array.from({ length: 30 }, (_, i) => `k${i}:v${i}`).join('\n') + '\n';
    seen['produce'] = (
      await call(
        main.consoleProducer,
        [
          ...servers(version, cluster),
          '--topic',
          'tooled',
          '--property',
          'parse.key=true',
          '--property',
          'key.separator=:',
          '--request-required-acks',
          'all',
        ],
        records,
      )
    ).code;
    const consumed = await call(main.consoleConsumer, [
      ...server,
      '--topic',
      'tooled',
      '--from-beginning',
      '--group',
      'tool-readers',
      '--max-messages',
      '30',
      '--timeout-ms',
      '30000',
      '--property',
      'print.key=true',
    ]);
    seen['consume'] = words(consumed.out).sort();
    const offsets = await call(main.getOffsets, [...servers(version, cluster), '--topic', 'tooled']);
    seen['get offsets'] = words(offsets.out)
      .map((line) => Number(line.split(':')[2]))
      .reduce((sum, offset) => sum + offset, 0);
    seen['groups'] = words((await call(main.groups, [...server, '--list'])).out);
    const group = await call(main.groups, [...server, '--describe', '--group', 'tool-readers']);
    seen['group lag'] = words(group.out)
      .filter((line) => line.includes('tooled'))
      .map((line) => line.split(' ')[5])
      .sort();
    seen['reset offsets'] = (
      await call(main.groups, [
        ...server,
        '--group',
        'tool-readers',
        '--reset-offsets',
        '--to-earliest',
        '--topic',
        'tooled',
        '--execute',
      ])
    ).code;
    seen['delete group'] = words(
      (await call(main.groups, [...server, '--delete', '--group', 'tool-readers'])).out,
    );
    if (version === '3.9.1') {
      seen['alter config'] = words(
        (
          await call(main.configs, [
            ...server,
            '--alter',
            '--entity-type',
            'topics',
            '--entity-name',
            'tooled',
            '--add-config',
            'retention.ms=90000',
          ])
        ).out,
      );
      seen['describe config'] = words(
        (
          await call(main.configs, [
            ...server,
            '--describe',
            '--entity-type',
            'topics',
            '--entity-name',
            'tooled',
          ])
        ).out,
      );
    } else {
      seen['alter config'] = words(
        (
          await call(main.configs, [
            '--zookeeper',
            cluster.zookeeper.connect,
            '--alter',
            '--entity-type',
            'topics',
            '--entity-name',
            'tooled',
            '--add-config',
            'retention.ms=90000',
          ])
        ).out,
      );
      seen['describe config'] = words(
        (
          await call(main.configs, [
            '--zookeeper',
            cluster.zookeeper.connect,
            '--describe',
            '--entity-type',
            'topics',
            '--entity-name',
            'tooled',
          ])
        ).out,
      ).map((line) => line.replace(/are .*/, (configs) => configs.split(/[ ,]/).sort().join(' ')));
    }
    const deletion = join(folder, 'delete.json');
    writeFileSync(
      deletion,
      JSON.stringify({ version: 1, partitions: [{ topic: 'tooled', partition: 0, offset: -1 }] }),
    );
    const deleted = await call(main.deleteRecords, [...server, '--offset-json-file', deletion]);
    seen['delete records'] = [deleted.code, words(deleted.out).length];
    const dirs = await call(main.logDirs, [...server, '--describe', '--topic-list', 'tooled']);
    const json = dirs.out.split('\n').find((line) => line.startsWith('{')) ?? '{}';
    const brokers =
      (JSON.parse(json) as { brokers?: { broker: number; logDirs: { partitions: unknown[] }[] }[] })
        .brokers ?? [];
    seen['log dirs'] = brokers.map((b) => `${b.broker} ${b.logDirs.map((d) => d.partitions.length)}`).sort();
    const versions = await call('kafka.admin.BrokerApiVersionsCommand', server);
    seen['api versions'] = [
      versions.code,
      words(versions.out).filter((line) => line.includes('(id:')).length,
    ];
    await call(main.topics, [
      ...server,
      '--create',
      '--topic',
      'verified',
      '--partitions',
      '3',
      '--replication-factor',
      '3',
    ]);
    // The producer doesn't try again, so each leader must know that it leads.
    await until('the leaders', async () => {
      const { code, out } = await call(main.getOffsets, [
        ...servers(version, cluster),
        '--topic',
        'verified',
      ]);
      return code === 0 && words(out).filter((line) => /^verified:\d:0$/.test(line)).length === 3;
    });
    seen['verifiable producer'] = await verifiable(version, cluster, 'producer');
    seen['verifiable consumer'] = await verifiable(version, cluster, 'consumer');
    seen['delete'] = (await call(main.topics, [...server, '--delete', '--topic', 'tooled'])).code;
    return seen;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** For the tools that long had a name of their own for it. */
function servers(version: '2.3.0' | '3.9.1', { bootstrap }: KafkaCluster): string[] {
  return [version === '2.3.0' ? '--broker-list' : '--bootstrap-server', bootstrap];
}

/** The verifiable tools print one JSON object an event; those that tell of success are counted. */
async function verifiable(version: '2.3.0' | '3.9.1', cluster: KafkaCluster, kind: 'producer' | 'consumer') {
  const target = [...servers(version, cluster), '--topic', 'verified'];
  const { code, out } =
    kind === 'producer'
      ? await tool(version, 'org.apache.kafka.tools.VerifiableProducer', [
          ...target,
          '--max-messages',
          '500',
          '--throughput',
          '-1',
          '--acks',
          '-1',
        ])
      : await tool(version, 'org.apache.kafka.tools.VerifiableConsumer', [
          ...target,
          '--group-id',
          'verifiers',
          '--max-messages',
          '500',
          '--reset-policy',
          'earliest',
          '--session-timeout',
          '10000',
        ]);
  const events = out
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as { name: string; acked?: number; sent?: number; count?: number });
  if (kind === 'producer') {
    const summary = events.find((event) => event.name === 'tool_data');
    return [code, summary?.sent, summary?.acked];
  }
  const consumed = events.filter((event) => event.name === 'records_consumed');
  return [code, consumed.reduce((sum, event) => sum + (event.count ?? 0), 0)];
}
