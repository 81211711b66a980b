import type { Partition } from './cluster-state.ts';
import type { Deciding } from './deciding.ts';
import { electReassigned } from './elections.ts';
import { bumpLeaderEpoch, byRule, toOnline } from './partition-transitions.ts';
import {
  toReplicaDeleted,
  toReplicaDeletion,
  toReplicaGone,
  toReplicaNew,
  toReplicaOffline,
  toReplicaOnline,
} from './replica-transitions.ts';
import { RequestBatch } from './request-batch.ts';
import { resumeDeletions } from './topic-deletion.ts';
import { call, type Work } from './work.ts';
import type { WantedReplicas } from '../znodes/partition-lists.ts';

/**
 * Moving partitions to other brokers, as 2.3 does it: `/admin/reassign_partitions` says what is wanted. First the partition has
 * old and new replicas; when the new ones are in sync it has only those.
 */
export function* startReassignments(d: Deciding): Work<void> {
  const wanted = yield* call('readReassignments');
  const refused: WantedReplicas[] = [];
  const started: Partition[] = [];
  for (const entry of wanted) {
    const partition = d.cluster.partition(entry.topic, entry.partition);
    if (partition !== undefined && partition.reassignment !== null) continue;
    if (partition === undefined || !isPossible(d, partition, entry)) refused.push(entry);
    else {
      partition.reassignment = entry.replicas;
      const deletion = d.cluster.deletions.get(entry.topic);
      if (deletion !== undefined) deletion.ineligible = true;
      started.push(partition);
    }
  }
  for (const partition of started) {
    yield* call('watchState', partition);
    yield* continueReassignment(d, partition);
  }
  if (refused.length > 0) yield* forget(d, refused);
}

/** Goes as far as it can; called again whenever the partition's state changes or a broker comes. */
export function* continueReassignment(d: Deciding, partition: Partition): Work<void> {
  const { reassignment: wanted } = partition;
  if (wanted === null) return;
  const [state] = yield* call('readStates', [partition]);
  if (state === null || state === undefined) return;
  if (wanted.every((broker) => state.isr.includes(broker))) yield* finish(d, partition, wanted);
  else if (wanted.some((broker) => !partition.replicas.includes(broker))) yield* widen(d, partition, wanted);
}

export function* continueReassignments(d: Deciding, affects: (partition: Partition) => boolean): Work<void> {
  const running = [...d.cluster.partitions()].filter((p) => p.reassignment !== null && affects(p));
  for (const partition of running) yield* continueReassignment(d, partition);
}

function isPossible(d: Deciding, partition: Partition, { replicas }: WantedReplicas): boolean {
  const same =
    replicas.length === partition.replicas.length &&
    replicas.every((broker, at) => partition.replicas[at] === broker);
  return !same && replicas.length > 0 && !d.cluster.isBeingDeleted(partition.topic);
}

function* widen(d: Deciding, partition: Partition, wanted: readonly number[]): Work<void> {
  const added = wanted.filter((broker) => !partition.replicas.includes(broker));
  partition.replicas = [...new Set([...wanted, ...partition.replicas])];
  yield* writeAssignment(d, partition.topic);
  yield* bumpLeaderEpoch(d, partition, partition.replicas);
  toReplicaNew(
    d,
    added.map((broker) => ({ ...placeOf(partition), broker })),
  );
}

function* finish(d: Deciding, partition: Partition, wanted: readonly number[]): Work<void> {
  const removed = partition.replicas.filter((broker) => !wanted.includes(broker));
  const everybody = partition.replicas;
  toReplicaOnline(
    d,
    wanted.map((broker) => ({ ...placeOf(partition), broker })),
  );
  partition.replicas = wanted;
  const leader = partition.state?.leader ?? -1;
  if (wanted.includes(leader) && d.cluster.isReplicaOnline(leader, partition)) {
    yield* bumpLeaderEpoch(d, partition, everybody);
  } else yield* toOnline(d, [partition], byRule(electReassigned));

  const gone = removed.map((broker) => ({ ...placeOf(partition), broker }));
  yield* toReplicaOffline(d, gone);
  toReplicaDeletion(d, gone);
  toReplicaDeleted(d, gone);
  toReplicaGone(d, gone);
  yield* writeAssignment(d, partition.topic);
  partition.reassignment = null;
  yield* call('unwatchState', partition);
  yield* forget(d, [{ ...placeOf(partition), replicas: wanted }]);
  const batch = new RequestBatch(d.cluster);
  batch.addMetadata(d.cluster.reachableBrokers(), [partition]);
  batch.flush(d.out);
  yield* resumeDeletions(d, [partition.topic]);
}

/** Takes entries out of `/admin/reassign_partitions`. */
function* forget(d: Deciding, done: readonly WantedReplicas[]): Work<void> {
  const wanted = yield* call('readReassignments');
  const isDone = (entry: WantedReplicas) =>
    done.some(({ topic, partition }) => topic === entry.topic && partition === entry.partition);
  yield* call(
    'writeReassignments',
    wanted.filter((entry) => !isDone(entry)),
  );
  for (const { topic, partition } of done) d.log.info(`The reassignment of ${topic}-${partition} is over.`);
}

function* writeAssignment(d: Deciding, topic: string): Work<void> {
  const assignment = new Map(d.cluster.partitionsOf(topic).map((p) => [p.partition, p.replicas]));
  yield* call('writeAssignment', topic, assignment);
}

function placeOf({ topic, partition }: Partition) {
  return { topic, partition };
}
