import { expect, test } from 'vitest';
import { plan } from '../../../test/support/compose-project.ts';
import { Cluster } from './cluster.ts';
import type { PublishedPort, ServiceRunner } from './service-runner.ts';
import type { PlannedService } from '../plan.ts';

/** A service that does what the test says, and writes down what was asked of it. */
class FakeRunner implements ServiceRunner {
  readonly planned: PlannedService;
  readonly published: readonly PublishedPort[] = [];
  died: (reason: string) => void = () => {};
  private readonly events: string[];
  private readonly failure: string | undefined;

  constructor(planned: PlannedService, events: string[], failure: string | undefined) {
    this.planned = planned;
    this.events = events;
    this.failure = failure;
  }

  publish(): Promise<void> {
    return Promise.resolve();
  }

  async start(): Promise<void> {
    this.events.push(`start ${this.planned.name}`);
    await new Promise((resolve) => setImmediate(resolve));
    if (this.failure !== undefined) throw new Error(this.failure);
    this.events.push(`ready ${this.planned.name}`);
  }

  knowsCluster(brokers: number): Promise<void> {
    this.events.push(`${this.planned.name} knows ${brokers}`);
    return Promise.resolve();
  }

  async stop(): Promise<void> {
    this.events.push(`stop ${this.planned.name}`);
    await new Promise((resolve) => setImmediate(resolve));
    this.events.push(`stopped ${this.planned.name}`);
  }

  kill(): void {
    this.events.push(`kill ${this.planned.name}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function cluster(failures: Record<string, string> = {}, condition = 'service_started') {
  const broker = (id: number): string => `
  k${id}:
    image: confluentinc/cp-kafka:5.3.1
    depends_on: { zk: { condition: ${condition} } }
    environment:
      KAFKA_BROKER_ID: ${id}
      KAFKA_ZOOKEEPER_CONNECT: zk:2181
      KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://k${id}:9092`;
  const { plan: made } = plan(`services:${broker(1)}${broker(2)}
  zk: { image: "confluentinc/cp-zookeeper:5.3.1", environment: { ZOOKEEPER_CLIENT_PORT: 2181 } }
`);
  const events: string[] = [];
  const runners = made.services.map((planned) => new FakeRunner(planned, events, failures[planned.name]));
  const states = (): string =>
    running
      .status()
      .map(({ name, state }) => `${name} ${state}`)
      .join(', ');
  const running = new Cluster(runners, () => 0);
  return { cluster: running, events, states, runners };
}

test('services start after what they depend on, the others at once, and stop the other way round, one by one', async () => {
  const { cluster: made, events, states } = cluster();
  await made.start();
  expect(events.splice(0)).toEqual([
    'start zk',
    'ready zk',
    'start k1',
    'start k2',
    'ready k1',
    'ready k2',
    'k1 knows 2',
    'k2 knows 2',
  ]);
  expect(states()).toBe('zk ready, k1 ready, k2 ready');
  await made.stop();
  expect(events).toEqual(['stop k2', 'stopped k2', 'stop k1', 'stopped k1', 'stop zk', 'stopped zk']);
  expect(states()).toBe('zk stopped, k1 stopped, k2 stopped');
});

test('after a failure those start that only want it started, and those wait no longer that want it healthy', async () => {
  const started = cluster({ zk: 'no disk' });
  await started.cluster.start();
  expect(started.states()).toBe('zk failed, k1 ready, k2 ready');
  const healthy = cluster({ zk: 'no disk' }, 'service_healthy');
  await healthy.cluster.start();
  expect(healthy.states()).toBe('zk failed, k1 failed, k2 failed');
  expect(healthy.cluster.status()[1]?.error).toBe('k1 waits for zk to be healthy, and that failed');
});

test('a killed service comes back by restart, a running one is stopped first', async () => {
  const { cluster: made, events, states } = cluster();
  await made.start();
  events.splice(0);
  made.kill('k1');
  expect(states()).toBe('zk ready, k1 killed, k2 ready');
  await made.restart('k1');
  await made.restart('k2');
  expect(events).toEqual([
    'kill k1',
    'start k1',
    'ready k1',
    'stop k2',
    'stopped k2',
    'start k2',
    'ready k2',
  ]);
  expect(states()).toBe('zk ready, k1 ready, k2 ready');
});

test('unknown services and those that do not run are refused with a sentence', async () => {
  const { cluster: made } = cluster();
  await made.start();
  expect(() => made.kill('k9')).toThrow('no service is called k9; there are zk, k1, k2');
  made.kill('k1');
  expect(() => made.kill('k1')).toThrow("k1 isn't running");
});

test('a service that ends by itself has failed', async () => {
  const { cluster: made, runners, states } = cluster();
  await made.start();
  runners[1]?.died('its disk is full');
  expect(states()).toBe('zk ready, k1 failed, k2 ready');
  expect(made.status()[1]?.error).toBe('its disk is full');
});
