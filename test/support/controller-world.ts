import { silentLog } from '../../src/runtime/silent-log.ts';
import type { ControlMessage } from '../../src/kafka/controller/requests/control-requests.ts';
import type { ControllerEvent } from '../../src/kafka/controller/decisions/controller-events.ts';
import { ControllerMachine } from '../../src/kafka/controller/decisions/controller-machine.ts';
import type { TopicPartition } from '../../src/kafka/controller/topic-partition.ts';
import type { Call, Work } from '../../src/kafka/controller/decisions/work.ts';
import type { LiveBroker } from '../../src/kafka/controller/znodes/broker-registration.ts';
import type { ControllerZooKeeper } from '../../src/kafka/controller/znodes/controller-zookeeper.ts';
import type { WantedReplicas } from '../../src/kafka/controller/znodes/partition-lists.ts';
import type {
  PartitionState,
  VersionedPartitionState,
} from '../../src/kafka/controller/znodes/partition-state.ts';

/** When all states were written; what registers later has a greater epoch. */
export const STATES_ZXID = 1000n;

type Answers = { [N in Call['op']]: (...args: Parameters<ControllerZooKeeper[N]>) => unknown };

/** ZooKeeper and the brokers as a controller sees them, in memory: answers its calls and writes down what it does. */
export class ControllerWorld {
  readonly brokers = new Map<number, LiveBroker>();
  readonly assignments = new Map<string, Map<number, number[]>>();
  readonly states = new Map<string, VersionedPartitionState>();
  readonly configs = new Map<string, Map<string, string>>();
  readonly deletions = new Set<string>();
  reassignments: WantedReplicas[] = [];
  preferred: TopicPartition[] | null = null;
  isrChanges: TopicPartition[] = [];
  machine: ControllerMachine | null = null;
  /** State writes, in order. */
  writes: (TopicPartition & { state: VersionedPartitionState })[] = [];
  sent: ControlMessage[] = [];
  readonly warnings: string[] = [];
  /** Called before states are written: somebody else may be faster. */
  beforeWrite: () => void = () => undefined;
  private readonly out: ControlMessage[] = [];
  private readonly unclean: boolean;

  constructor(options: { uncleanLeaderElectionEnable?: boolean } = {}) {
    this.unclean = options.uncleanLeaderElectionEnable ?? false;
  }

  addBroker(id: number, epoch: number): void {
    const endpoint = { listener: 'PLAINTEXT', securityProtocol: 'PLAINTEXT', host: `kafka${id}`, port: 9092 };
    this.brokers.set(id, {
      id,
      endpoints: [endpoint],
      rack: null,
      jmxPort: -1,
      timestampMs: 0,
      epoch: BigInt(epoch),
    });
  }

  addTopic(topic: string, ...replicas: number[][]): void {
    this.assignments.set(topic, new Map(replicas.map((brokers, partition) => [partition, brokers])));
  }

  state(topic: string, partition: number): VersionedPartitionState | undefined {
    return this.states.get(`${topic}-${partition}`);
  }

  /** A leader changes its ISR. */
  setIsr(topic: string, partition: number, isr: number[]): void {
    const state = this.state(topic, partition);
    if (state !== undefined)
      this.states.set(`${topic}-${partition}`, { ...state, isr, version: state.version + 1 });
  }

  elect(epoch: number): void {
    this.machine = new ControllerMachine(
      epoch,
      {
        deleteTopicEnable: true,
        uncleanLeaderElectionEnable: () => this.unclean,
        leaderImbalancePerBrokerPercentage: 10,
      },
      { ...silentLog, warn: (sentence) => void this.warnings.push(sentence) },
      this.out,
    );
    this.happen({ kind: 'elected' });
  }

  /** Handles an event, and what brokers answer to deletions. */
  happen(event: ControllerEvent): void {
    if (this.machine === null) return;
    this.run(this.machine.handle(event));
  }

  run<T>(work: Work<T>): T {
    let step = work.next();
    while (step.done !== true) {
      const { op, args } = step.value;
      step = work.next((this.answers[op] as (...args: readonly unknown[]) => unknown)(...args));
    }
    const sent = this.out.splice(0);
    this.sent.push(...sent);
    for (const { to, request } of sent) {
      if (request.kind !== 'stopReplica' || !request.deletePartitions) continue;
      this.happen({ kind: 'replicasDeleted', broker: to, deleted: request.partitions, failed: [] });
    }
    return step.value;
  }

  private readonly answers: Answers = {
    readBrokers: () => [...this.brokers.values()],
    readTopics: () => [...this.assignments.keys()],
    readAssignments: (topics) => topics.map((topic) => new Map(this.assignments.get(topic))),
    readStates: (partitions) =>
      partitions.map((p) => {
        const state = this.state(p.topic, p.partition);
        return state === undefined ? null : { ...state, zxid: STATES_ZXID };
      }),
    readTopicConfigs: (topics) => topics.map((topic) => this.configs.get(topic) ?? new Map<string, string>()),
    createStates: (states) =>
      states.map(({ topic, partition, state }) => {
        if (this.state(topic, partition) !== undefined) return false;
        this.write({ topic, partition }, state, 0);
        return true;
      }),
    writeStates: (writes) => {
      this.beforeWrite();
      return writes.map(({ topic, partition, state, version }) => {
        const known = this.state(topic, partition);
        if (known === undefined) return 'gone';
        if (known.version !== version) return 'conflict';
        this.write({ topic, partition }, state, version + 1);
        return version + 1;
      });
    },
    writeAssignment: (topic, assignment) => {
      this.assignments.set(
        topic,
        new Map([...assignment].map(([partition, brokers]) => [partition, [...brokers]])),
      );
    },
    readTopicDeletions: () => [...this.deletions],
    clearTopicDeletions: (topics) => topics.forEach((topic) => this.deletions.delete(topic)),
    deleteTopic: (topic) => {
      this.assignments.delete(topic);
      this.deletions.delete(topic);
      for (const key of this.states.keys()) {
        if (key.slice(0, key.lastIndexOf('-')) === topic) this.states.delete(key);
      }
    },
    readReassignments: () => this.reassignments,
    writeReassignments: (wanted) => {
      this.reassignments = [...wanted];
    },
    readPreferredElection: () => this.preferred,
    clearPreferredElection: () => {
      this.preferred = null;
    },
    readIsrChanges: () => ({ names: ['isr_change_0000000000'], content: this.isrChanges }),
    clearIsrChanges: () => {
      this.isrChanges = [];
    },
    readLogDirEvents: () => ({ names: [], content: [] }),
    clearLogDirEvents: () => undefined,
    watchState: () => undefined,
    unwatchState: () => undefined,
    resign: () => undefined,
  };

  private write(place: TopicPartition, state: PartitionState, version: number): void {
    const written = { ...state, version };
    this.states.set(`${place.topic}-${place.partition}`, written);
    this.writes.push({ ...place, state: written });
  }
}

/** Requests as lines, one a partition: `2 LeaderAndIsr orders-0 leader=1 epoch=0 isr=1,2 replicas=1,2 new`. */
export function linesOf(messages: readonly ControlMessage[]): string[] {
  return messages.flatMap(({ to, request }) => {
    switch (request.kind) {
      case 'leaderAndIsr':
        return request.partitions.map(
          ({ topic, partition, state, replicas, isNew }) =>
            `${to} LeaderAndIsr ${topic}-${partition} leader=${state.leader} epoch=${state.leaderEpoch}` +
            ` isr=${state.isr.join(',')} replicas=${replicas.join(',')}${isNew ? ' new' : ''}`,
        );
      case 'updateMetadata':
        return [
          `${to} UpdateMetadata live=${request.liveBrokers.map(({ id }) => id).join(',')}` +
            request.partitions.map((p) => ` ${p.topic}-${p.partition}:${p.state.leader}`).join(''),
        ];
      case 'stopReplica':
        return request.partitions.map(
          ({ topic, partition }) =>
            `${to} StopReplica ${topic}-${partition}${request.deletePartitions ? ' delete' : ''}`,
        );
    }
  });
}
