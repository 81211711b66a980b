import { replicasOf, type Partition } from './cluster-state.ts';
import type { Deciding } from './deciding.ts';
import {
  toReplicaDeleted,
  toReplicaDeletion,
  toReplicaGone,
  toReplicaIneligible,
  toReplicaOffline,
} from './replica-transitions.ts';
import { RequestBatch } from './request-batch.ts';
import type { Replica, TopicPartition } from '../topic-partition.ts';
import { call, type Work } from './work.ts';

/**
 * Deleting a topic: clients are told that it is gone, every replica deletes its log, then the znodes go. It waits while a
 * replica's broker is dead or a reassignment runs, and goes on when that is over.
 */
export function* startDeletions(d: Deciding, topics: readonly string[]): Work<void> {
  const unknown = topics.filter((topic) => !d.cluster.topics.has(topic));
  if (unknown.length > 0) yield* call('clearTopicDeletions', unknown);
  const known = topics.filter((topic) => d.cluster.topics.has(topic) && !d.cluster.deletions.has(topic));
  if (!d.settings.deleteTopicEnable) {
    if (known.length > 0) yield* call('clearTopicDeletions', known);
    return;
  }
  for (const topic of known) {
    const busy = d.cluster.partitionsOf(topic).some(({ reassignment }) => reassignment !== null);
    d.cluster.deletions.set(topic, { ineligible: busy, started: false });
  }
  if (known.length > 0) yield* continueDeletions(d);
}

/** What held these topics up is over: tries again. */
export function* resumeDeletions(d: Deciding, topics: Iterable<string>): Work<void> {
  let any = false;
  for (const topic of topics) {
    const deletion = d.cluster.deletions.get(topic);
    if (deletion === undefined) continue;
    deletion.ineligible = false;
    any = true;
  }
  if (any) yield* continueDeletions(d);
}

/** A broker's answer to StopReplica with deletion. */
export function* replicasDeleted(
  d: Deciding,
  broker: number,
  deleted: readonly TopicPartition[],
  failed: readonly TopicPartition[],
): Work<void> {
  const inDeletion = ({ topic, partition }: TopicPartition) =>
    d.cluster.isBeingDeleted(topic) &&
    d.cluster.partition(topic, partition)?.replicaPhases.get(broker) === 'deletionStarted';
  const asReplica = ({ topic, partition }: TopicPartition): Replica => ({ topic, partition, broker });
  const lost = failed.filter(inDeletion).map(asReplica);
  if (lost.length > 0) deletionFailed(d, lost);
  const gone = deleted.filter(inDeletion).map(asReplica);
  toReplicaDeleted(d, gone);
  if (gone.length > 0 || lost.length > 0) yield* continueDeletions(d);
}

/** Replicas of topics in deletion can't be reached any more. */
export function deletionFailed(d: Deciding, replicas: readonly Replica[]): void {
  const inDeletion = replicas.filter(({ topic, partition, broker }) => {
    const phase = d.cluster.partition(topic, partition)?.replicaPhases.get(broker);
    return d.cluster.isBeingDeleted(topic) && phase === 'deletionStarted';
  });
  toReplicaIneligible(d, inDeletion);
  for (const { topic } of replicas) {
    const deletion = d.cluster.deletions.get(topic);
    if (deletion !== undefined) deletion.ineligible = true;
  }
}

/** Does whatever is possible for each topic in deletion. */
export function* continueDeletions(d: Deciding): Work<void> {
  for (const [topic, deletion] of d.cluster.deletions) {
    const partitions = d.cluster.partitionsOf(topic);
    const phases = partitions.flatMap(({ replicaPhases }) => [...replicaPhases.values()]);
    if (phases.every((phase) => phase === 'deletionSuccessful')) yield* finish(d, topic, partitions);
    else if (!phases.includes('deletionStarted') && !deletion.ineligible) {
      yield* stopAndDelete(d, partitions, deletion);
    }
  }
}

function* stopAndDelete(
  d: Deciding,
  partitions: readonly Partition[],
  deletion: { ineligible: boolean; started: boolean },
): Work<void> {
  if (!deletion.started) for (const partition of partitions) partition.phase = null;
  deletion.started = true;
  const batch = new RequestBatch(d.cluster);
  batch.addMetadata(d.cluster.reachableBrokers(), partitions);
  batch.flush(d.out);

  const todo = replicasOf(partitions).filter(({ topic, partition, broker }) => {
    const phase = d.cluster.partition(topic, partition)?.replicaPhases.get(broker);
    return phase !== 'deletionSuccessful';
  });
  const isOnline = (replica: Replica) => d.cluster.isReplicaOnline(replica.broker, replica);
  const dead = todo.filter((replica) => !isOnline(replica));
  const online = todo.filter(isOnline);
  yield* toReplicaOffline(d, [...dead, ...online]);
  toReplicaIneligible(d, dead);
  toReplicaDeletion(d, online);
  if (dead.length > 0) deletion.ineligible = true;
}

function* finish(d: Deciding, topic: string, partitions: readonly Partition[]): Work<void> {
  toReplicaGone(d, replicasOf(partitions));
  yield* call('deleteTopic', topic);
  d.cluster.topics.delete(topic);
  d.cluster.deletions.delete(topic);
  d.log.info(`Topic ${topic} is deleted.`);
}
