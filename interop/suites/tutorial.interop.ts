/**
 * The tutorial's compose file whole, three ZooKeeper servers and three brokers, run by `gregor up`; Apache's producer and its console
 * consumer, in a group, work on while the leader of the ensemble, a broker, and then both are ended by `gregor kill`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ClusterClient, readAll, topic } from '../../simulation/clients.ts';
import { tutorialEnsemble } from '../../test/support/tutorial-ensemble.ts';
import { allInSync, gregor, java, world } from '../support/clusters.ts';
import { classPath, root } from '../support/install.ts';
import { freePorts, run, Service, until } from '../support/processes.ts';

const PARTITIONS = [0, 1, 2];

test("the tutorial's ensemble and brokers: kills leave Apache's producer and consumer working, and nothing is lost", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-interop-tutorial-'));
  const file = join(folder, 'docker-compose.yml');
  const ports = await freePorts(6);
  writeFileSync(file, tutorialEnsemble(ports.slice(0, 3), ports.slice(3)));
  const brokers = ports.slice(3).map((port) => ({ host: '127.0.0.1', port }));
  const bootstrap = brokers.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const client = new ClusterClient(world, brokers);
  const services: Service[] = [];
  const start = (name: string, command: string, args: string[]) => {
    const service = new Service(name, command, args, { log: join(folder, `${name}.log`) });
    services.push(service);
    return service;
  };
  const said = (name: string) => readFileSync(join(folder, `${name}.log`), 'utf8');
  const command = async (name: 'kill' | 'restart', service: string) => {
    const { code, err } = await run(process.execPath, gregor(name, '-f', file, service));
    expect({ code, err }).toMatchObject({ code: 0 });
  };
  try {
    start('up', process.execPath, gregor('up', '-f', file));
    const logs = async () => (await run(process.execPath, gregor('logs', '--file', file))).out;
    /** The last to have said that it leads. */
    const leader = async () =>
      /cp-zookeeper-(\d)/.exec(
        (await logs()).split('\n').findLast((line) => line.includes('(this one) leads epoch')) ?? '',
      )?.[1] ?? null;
    await client.createTopic(PARTITIONS.length);
    const consumer = start(
      'consumer',
      'java',
      java('kafka-3.9.1', 'org.apache.kafka.tools.consumer.ConsoleConsumer', [
        '--bootstrap-server',
        bootstrap,
        '--topic',
        topic,
        '--group',
        'readers',
        '--from-beginning',
      ]),
    );
    const program = join(root, 'interop/clients/java/AckedProducer.java');
    const producer = start('producer', 'java', [
      '-Xmx256m',
      '-cp',
      classPath('kafka-clients-4.2.0'),
      program,
      bootstrap,
      topic,
      '1',
    ]);
    const consumed = () => said('consumer').split('\n').length;
    const goesOn = async () => {
      const before = consumed();
      await until('more records', () => consumed() > before + 500);
    };

    await goesOn();
    const first = await leader();
    await command('kill', `cp-zookeeper-${first}`);
    await until('the next leader', async () => (await leader()) !== first);
    await goesOn();
    await command('restart', `cp-zookeeper-${first}`);
    await command('kill', 'cp-kafka-1');
    await goesOn();
    await command('restart', 'cp-kafka-1');
    await until('all replicas in sync', () => allInSync(client, PARTITIONS.length, 3));
    await Promise.all([command('kill', `cp-zookeeper-${await leader()}`), command('kill', 'cp-kafka-3')]);
    await goesOn();
    producer.tell('enough');
    await until('the end of the producer', () => !producer.running, 150_000);
    expect(producer.log).toContain('failed 0');

    const acknowledged = producer.out.trim().split('\n');
    const found = (await Promise.all(PARTITIONS.map((p) => readAll(client, p)))).flat();
    const there = new Set(found.map(({ value }) => value));
    expect(acknowledged.filter((number) => !there.has(number))).toEqual([]);
    expect(found.length).toBe(acknowledged.length);
    await until('all records at the consumer', () => consumed() > acknowledged.length);
    const seen = new Set(said('consumer').split('\n'));
    expect(acknowledged.filter((number) => !seen.has(number))).toEqual([]);
    expect(consumer.running).toBe(true);
    const told = await logs();
    const lost = new RegExp(
      `server ${first}, which led epoch (\\d+) for .* s, is lost to this one: its connection was closed`,
    ).exec(told);
    expect(lost, told).not.toBeNull();
    const epoch = Number(lost![1]);
    expect(told).toMatch(
      new RegExp(`server \\d \\(this one\\) was elected, with zxid 0x[0-9a-f]+ of epoch ${epoch}`),
    );
    const later = [
      ...told.matchAll(
        /server \d \(this one\) leads epoch (\d+) from zxid 0x[0-9a-f]+ on; nobody led for \d+ ms/g,
      ),
    ];
    expect(Math.max(...later.map((line) => Number(line[1])))).toBeGreaterThan(epoch);
  } catch (error) {
    const logs = services.map(
      (service) => `${service.name}:\n${service.log.split('\n').slice(-40).join('\n')}`,
    );
    throw new Error(`${String(error)}\n${logs.join('\n')}`, { cause: error });
  } finally {
    client.close();
    for (const service of services) await service.stop('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
});
