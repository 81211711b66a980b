/** A whole cluster in a simulated world: one ZooKeeper and three brokers, each on a machine of its own that can be killed and started again. */
import { parseProperties } from '../src/wire/properties.ts';
import { resolveBrokerConfig } from '../src/kafka/broker/config/broker-config.ts';
import { startBroker } from '../src/kafka/broker/start.ts';
import type { Runtime } from '../src/runtime/runtime.ts';
import type { SimulatedHost, SimulatedWorld } from '../src/runtime/simulated/simulated-world.ts';
import type { ConfigResult } from '../src/wire/problem.ts';
import { parseZooKeeperConfig } from '../src/zookeeper/server/config/config.ts';
import { startZooKeeper } from '../src/zookeeper/server/start.ts';

const brokerCount = 3;
/** Who doesn't stop in that time is killed, as by a supervisor. */
const STOP_PATIENCE_MS = 10_000;

export interface Machine {
  readonly host: SimulatedHost;
  /** Serves now. */
  up: boolean;
  /** How often its server gave up by itself; each time it is started again, as a supervisor would. */
  failures: number;
  start(): void;
  /** Stops its server in order: leaderships move away first. */
  stop(): Promise<void>;
}

export interface ClusterOptions {
  /** How long ZooKeeper's disk takes for a sync, ms: from, to. */
  readonly zookeeperSyncMs: readonly [number, number];
}

export interface SimulatedCluster {
  readonly zookeeper: Machine;
  readonly brokers: readonly Machine[];
  readonly bootstrap: readonly { host: string; port: number }[];
}

interface Server {
  readonly ended?: Promise<unknown>;
  stop?(): Promise<void>;
}

export function makeCluster(world: SimulatedWorld, { zookeeperSyncMs }: ClusterOptions): SimulatedCluster {
  const zookeeperHost = world.host('zookeeper', { disk: { syncMs: zookeeperSyncMs } });
  const zookeeper = machine(world, zookeeperHost, async (runtime) => {
    await startZooKeeper(runtime, need(parseZooKeeperConfig(zooCfg, 'zoo.cfg')));
    return {};
  });
  const brokers = Array.from({ length: brokerCount }, (_, i) =>
    machine(world, world.host(`broker-${i + 1}`), (runtime) =>
      startBroker(
        runtime,
        need(resolveBrokerConfig(parseProperties(brokerProperties(i + 1)), 'server.properties')),
      ),
    ),
  );
  return { zookeeper, brokers, bootstrap: brokers.map(({ host }) => ({ host: host.name, port: 9092 })) };
}

const zooCfg = 'tickTime=500\ndataDir=/data\nclientPort=2181\nadmin.enableServer=false\nsnapCount=500\n';

const brokerProperties = (id: number) => `broker.id=${id}
listeners=PLAINTEXT://broker-${id}:9092
zookeeper.connect=zookeeper:2181
zookeeper.session.timeout.ms=3000
log.dirs=/logs
default.replication.factor=3
min.insync.replicas=2
num.partitions=3
offsets.topic.num.partitions=2
replica.lag.time.max.ms=2000
replica.fetch.wait.max.ms=200
replica.fetch.max.bytes=2000
replica.socket.timeout.ms=3000
controller.socket.timeout.ms=3000
controlled.shutdown.retry.backoff.ms=500
log.segment.bytes=20000
leader.imbalance.check.interval.seconds=4
log.flush.offset.checkpoint.interval.ms=5000
`;

function machine(
  world: SimulatedWorld,
  host: SimulatedHost,
  start: (runtime: Runtime) => Promise<Server>,
): Machine {
  const { name } = host;
  let server: Server | null = null;
  let first = true;
  /** The process that was asked to stop. */
  let stopping: Runtime | null = null;
  const made: Machine = {
    host,
    up: false,
    failures: 0,
    start() {
      const runtime = first ? host.runtime : host.restart();
      first = false;
      void run(runtime);
    },
    async stop() {
      if (!host.alive || server?.stop === undefined) return;
      const { runtime } = host;
      world.trace(`${name} is told to stop`);
      made.up = false;
      stopping = runtime;
      await Promise.race([
        server.stop(),
        new Promise<void>((resolve) => world.after(STOP_PATIENCE_MS, resolve)),
      ]);
      if (host.runtime === runtime) host.kill({ keepCache: true });
    },
  };
  const run = async (runtime: Runtime): Promise<void> => {
    const current = () => host.alive && host.runtime === runtime;
    let reason = 'it ended';
    try {
      const started = await start(runtime);
      if (!current()) return;
      server = started;
      made.up = true;
      if (server.ended === undefined) return;
      await server.ended;
    } catch (error) {
      reason = error instanceof Error ? error.message : String(error);
    }
    if (!current() || stopping === runtime) return;
    made.up = false;
    made.failures += 1;
    world.trace(`${name} gave up: ${reason}`);
    host.kill({ keepCache: true });
    world.after(1000, () => {
      if (!host.alive) made.start();
    });
  };
  return made;
}

function need<T>(result: ConfigResult<T>): T {
  if (result.config === null) throw new Error(result.problems.map((p) => p.message).join('; '));
  return result.config;
}
