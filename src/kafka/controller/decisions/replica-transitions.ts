import type { Partition, ReplicaPhase } from './cluster-state.ts';
import type { Deciding } from './deciding.ts';
import { RequestBatch } from './request-batch.ts';
import type { Replica, TopicPartition } from '../topic-partition.ts';
import { call, type Work } from './work.ts';
import { NO_LEADER, type PartitionState } from '../znodes/partition-state.ts';

/** Which phases a replica may come from. NonExistent is null. */
const allowedBefore: Readonly<Record<ReplicaPhase, readonly (ReplicaPhase | null)[]>> = {
  new: [null],
  online: ['new', 'online', 'offline', 'deletionIneligible'],
  offline: ['new', 'online', 'offline', 'deletionIneligible'],
  deletionStarted: ['offline'],
  deletionSuccessful: ['deletionStarted'],
  deletionIneligible: ['offline', 'deletionStarted'],
};

interface Known {
  readonly broker: number;
  readonly partition: Partition;
}

/** → New: the replica gets a log, when there is a leader to follow. */
export function toReplicaNew(d: Deciding, replicas: readonly Replica[]): void {
  const batch = new RequestBatch(d.cluster);
  for (const { broker, partition } of enter(d, replicas, 'new')) {
    if (partition.state !== null && partition.state.leader !== broker) {
      batch.addLeaderAndIsr([broker], partition, true);
    }
  }
  batch.flush(d.out);
}

/** → Online: a replica that was not New is told the current state. */
export function toReplicaOnline(d: Deciding, replicas: readonly Replica[]): void {
  const batch = new RequestBatch(d.cluster);
  const wasNew = new Set<Replica>(replicas.filter((replica) => phaseOf(d, replica) === 'new'));
  for (const replica of replicas) {
    for (const { broker, partition } of enter(d, [replica], 'online')) {
      if (!wasNew.has(replica)) batch.addLeaderAndIsr([broker], partition, false);
      else if (!partition.replicas.includes(broker)) partition.replicas = [...partition.replicas, broker];
    }
  }
  batch.flush(d.out);
}

/** → Offline: told to stop, out of the ISR, and the other replicas are told so. */
export function* toReplicaOffline(d: Deciding, replicas: readonly Replica[]): Work<void> {
  const batch = new RequestBatch(d.cluster);
  for (const [broker, partitions] of byBroker(enter(d, replicas, 'offline'))) {
    for (const partition of partitions) batch.addStopReplica(broker, partition, false);
    yield* removeFromIsr(
      d,
      broker,
      partitions.filter(({ state }) => state !== null),
    );
    for (const partition of partitions) {
      if (partition.state === null) batch.addMetadata(d.cluster.reachableBrokers(), [partition]);
      else if (!d.cluster.isBeingDeleted(partition.topic)) {
        const others = partition.replicas.filter((replica) => replica !== broker);
        batch.addLeaderAndIsr(others, partition, false);
      }
    }
  }
  batch.flush(d.out);
}

/** → DeletionStarted: told to delete its log. The answer comes as an event. */
export function toReplicaDeletion(d: Deciding, replicas: readonly Replica[]): void {
  const batch = new RequestBatch(d.cluster);
  for (const { broker, partition } of enter(d, replicas, 'deletionStarted')) {
    batch.addStopReplica(broker, partition, true);
  }
  batch.flush(d.out);
}

export function toReplicaDeleted(d: Deciding, replicas: readonly Replica[]): void {
  enter(d, replicas, 'deletionSuccessful');
}

export function toReplicaIneligible(d: Deciding, replicas: readonly Replica[]): void {
  enter(d, replicas, 'deletionIneligible');
}

/** → NonExistent: out of the assignment. */
export function toReplicaGone(d: Deciding, replicas: readonly Replica[]): void {
  for (const { topic, partition: index, broker } of replicas) {
    const partition = d.cluster.partition(topic, index);
    if (partition === undefined || partition.replicaPhases.get(broker) !== 'deletionSuccessful') continue;
    partition.replicaPhases.delete(broker);
    partition.replicas = partition.replicas.filter((replica) => replica !== broker);
  }
}

function phaseOf(d: Deciding, { topic, partition, broker }: Replica): ReplicaPhase | null {
  return d.cluster.partition(topic, partition)?.replicaPhases.get(broker) ?? null;
}

/** Moves those that may come to `phase` there and returns them; the others stay, and that is logged: it is a bug of ours. */
function enter(d: Deciding, replicas: readonly Replica[], phase: ReplicaPhase): Known[] {
  const moved: Known[] = [];
  for (const replica of replicas) {
    const { topic, partition: index, broker } = replica;
    const partition = d.cluster.partition(topic, index);
    if (partition === undefined) continue;
    const before = phaseOf(d, replica);
    if (allowedBefore[phase].includes(before)) {
      partition.replicaPhases.set(broker, phase);
      moved.push({ broker, partition });
    } else
      d.log.error(`Replica ${broker} of ${topic}-${index} can't go from ${before ?? 'nothing'} to ${phase}.`);
  }
  return moved;
}

function byBroker(replicas: readonly Known[]): Map<number, Partition[]> {
  const groups = new Map<number, Partition[]>();
  for (const { broker, partition } of replicas) {
    const group = groups.get(broker);
    if (group === undefined) groups.set(broker, [partition]);
    else group.push(partition);
  }
  return groups;
}

/**
 * Takes a broker out of the ISRs. The last member of an ISR stays in it, since it has data that nobody else has. A leader
 * that goes leaves the partition without one until the next election.
 */
function* removeFromIsr(d: Deciding, broker: number, partitions: readonly Partition[]): Work<void> {
  for (let remaining = partitions; remaining.length > 0;) {
    const states = yield* call('readStates', remaining);
    const writes: (TopicPartition & { owner: Partition; state: PartitionState; version: number })[] = [];
    for (const [at, partition] of remaining.entries()) {
      const state = states[at];
      if (state === null || state === undefined || state.controllerEpoch > d.epoch) continue;
      partition.state = state;
      if (!state.isr.includes(broker)) continue;
      writes.push({
        topic: partition.topic,
        partition: partition.partition,
        owner: partition,
        version: state.version,
        state: {
          leader: state.leader === broker ? NO_LEADER : state.leader,
          isr: state.isr.length === 1 ? state.isr : state.isr.filter((member) => member !== broker),
          leaderEpoch: state.leaderEpoch + 1,
          controllerEpoch: d.epoch,
        },
      });
    }
    if (writes.length === 0) return;
    const results = yield* call(
      'writeStates',
      writes.map(({ topic, partition, state, version }) => ({ topic, partition, state, version })),
    );
    const again: Partition[] = [];
    for (const [at, { owner, state }] of writes.entries()) {
      const result = results[at];
      if (typeof result === 'number') owner.state = { ...state, version: result };
      else if (result === 'conflict') again.push(owner);
    }
    remaining = again;
  }
}
