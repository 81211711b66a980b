import { ClusterState, replicasOf, type Partition } from './cluster-state.ts';
import type { ControlMessage } from '../requests/control-requests.ts';
import type { ControllerEvent, ElectionResult, ShutdownAnswer } from './controller-events.ts';
import type { ControllerSettings, Deciding } from './deciding.ts';
import { electForShutdown, electOffline, electPreferred } from './elections.ts';
import {
  byRule,
  createPartitions,
  electLeaderless,
  replaceRestarted,
  toOnline,
  type ElectionFailures,
} from './partition-transitions.ts';
import { continueReassignment, continueReassignments, startReassignments } from './reassignment.ts';
import { imbalancedPartitions } from './rebalance.ts';
import { toReplicaOffline, toReplicaOnline } from './replica-transitions.ts';
import { RequestBatch } from './request-batch.ts';
import {
  continueDeletions,
  deletionFailed,
  replicasDeleted,
  resumeDeletions,
  startDeletions,
} from './topic-deletion.ts';
import type { Replica, TopicPartition } from '../topic-partition.ts';
import { call, type Work } from './work.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';
import type { Log } from '../../../runtime/runtime.ts';

/**
 * What the controller decides: events in, ZooKeeper calls and requests to brokers out. It awaits nothing and knows no clock; a new
 * one is made for each term. Start at `handle`.
 */
export class ControllerMachine {
  readonly cluster = new ClusterState();
  private readonly d: Deciding;

  /** `out`: where requests to brokers go, in order. */
  constructor(epoch: number, settings: ControllerSettings, log: Log, out: ControlMessage[]) {
    this.d = { cluster: this.cluster, epoch, out, log, settings };
  }

  *handle(event: ControllerEvent): Work<void> {
    const { d } = this;
    switch (event.kind) {
      case 'elected':
        return yield* this.takeOver();
      case 'brokersChanged':
        return yield* this.brokersChanged();
      case 'topicsChanged':
        return yield* this.topicsChanged();
      case 'topicChanged':
        return yield* this.topicChanged(event.topic);
      case 'topicDeletionsRequested':
        return yield* startDeletions(d, yield* call('readTopicDeletions'));
      case 'reassignmentsRequested':
        return yield* startReassignments(d);
      case 'stateChanged': {
        const partition = this.cluster.partition(event.topic, event.partition);
        if (partition !== undefined) yield* continueReassignment(d, partition);
        return;
      }
      case 'preferredElectionRequested':
        return yield* this.preferredElectionRequested();
      case 'isrsChanged':
        return yield* this.isrsChanged();
      case 'logDirsFailed':
        return yield* this.logDirsFailed();
      case 'replicasAnswered':
        return yield* this.replicasAnswered(event.broker, event.online, event.failed);
      case 'replicasDeleted':
        return yield* replicasDeleted(d, event.broker, event.deleted, event.failed);
      case 'uncleanElectionAllowed':
        return yield* electLeaderless(d, event.topic);
      case 'rebalanceDue': {
        const chosen = imbalancedPartitions(this.cluster, d.settings.leaderImbalancePerBrokerPercentage);
        if (chosen.length > 0) yield* toOnline(d, chosen, byRule(electPreferred));
      }
    }
  }

  /**
   * A broker wants to stop (KIP-143): what it leads goes to others, and it leaves all ISRs.
   * @param epoch null: the broker doesn't say it.
   */
  *controlledShutdown(broker: number, epoch: bigint | null): Work<ShutdownAnswer> {
    const { d, cluster } = this;
    const known = cluster.brokers.get(broker);
    if (known !== undefined && epoch !== null && epoch < known.epoch) return { outcome: 'staleEpoch' };
    if (known === undefined) return { outcome: 'unknownBroker' };
    cluster.shuttingDown.add(broker);
    const held = [...cluster.partitions()].filter(
      ({ topic, replicas, state }) =>
        replicas.length > 1 && replicas.includes(broker) && state !== null && !cluster.isBeingDeleted(topic),
    );
    const led = held.filter(({ state }) => state?.leader === broker);
    const followed = held.filter(({ state }) => state?.leader !== broker);
    const reachable = (id: number) => cluster.brokers.has(id);
    if (led.length > 0) yield* toOnline(d, led, byRule(electForShutdown(cluster.shuttingDown, reachable)));
    const batch = new RequestBatch(cluster);
    for (const partition of followed) batch.addStopReplica(broker, partition, false);
    batch.flush(d.out);
    yield* toReplicaOffline(
      d,
      followed.map(({ topic, partition }) => ({ topic, partition, broker })),
    );
    const remaining = led.filter(({ state }) => state?.leader === broker);
    return { outcome: 'ok', remaining: remaining.map(placeOf) };
  }

  /** Elections that somebody asked for by the API. Null partitions: all that need one. */
  *electLeaders(partitions: readonly TopicPartition[] | null, unclean: boolean): Work<ElectionResult[]> {
    const results: ElectionResult[] = [];
    const chosen: Partition[] = [];
    for (const { topic, partition: index } of partitions ?? [...this.cluster.partitions()]) {
      const partition = this.cluster.partition(topic, index);
      const refused = this.electionRefusal(partition, unclean);
      if (partition !== undefined && refused === null) chosen.push(partition);
      else if (partitions !== null) results.push({ topic, partition: index, refused });
    }
    const strategy = byRule(unclean ? electOffline(true) : electPreferred);
    const failures: ElectionFailures =
      chosen.length === 0 ? new Map() : yield* toOnline(this.d, chosen, strategy);
    for (const partition of chosen) {
      results.push({ ...placeOf(partition), refused: failures.has(partition) ? 'noEligibleLeader' : null });
    }
    return results;
  }

  private electionRefusal(partition: Partition | undefined, unclean: boolean): ElectionResult['refused'] {
    if (partition === undefined) return 'unknownPartition';
    if (this.cluster.isBeingDeleted(partition.topic)) return 'topicInDeletion';
    const leader = partition.state?.leader ?? -1;
    if (unclean) return leader === -1 ? null : 'notNeeded';
    return leader === partition.replicas[0] ? 'notNeeded' : null;
  }

  private *takeOver(): Work<void> {
    const { d, cluster } = this;
    const isrChanges = yield* call('readIsrChanges');
    const logDirEvents = yield* call('readLogDirEvents');
    yield* call('clearIsrChanges', isrChanges.names);
    yield* call('clearLogDirEvents', logDirEvents.names);
    for (const broker of yield* call('readBrokers')) cluster.brokers.set(broker.id, broker);
    yield* this.addTopics(yield* call('readTopics'));
    const partitions = [...cluster.partitions()];
    const states = yield* call('readStates', partitions);
    for (const [at, partition] of partitions.entries()) partition.state = states[at] ?? null;

    // Followers refuse a leader of which they don't know that it lives.
    this.tellMetadata(cluster.reachableBrokers(), []);
    const deletions = yield* call('readTopicDeletions');
    const online: Replica[] = [];
    const offline: Replica[] = [];
    for (const replica of replicasOf(partitions)) {
      const isOnline = cluster.isReplicaOnline(replica.broker, replica);
      (isOnline ? online : offline).push(replica);
      cluster
        .partition(replica.topic, replica.partition)
        ?.replicaPhases.set(replica.broker, isOnline ? 'online' : 'deletionIneligible');
    }
    for (const topic of deletions) {
      if (cluster.topics.has(topic) && d.settings.deleteTopicEnable) {
        cluster.deletions.set(topic, { ineligible: false, started: false });
      }
    }
    for (const partition of partitions) {
      const { state } = partition;
      if (state === null) partition.phase = 'new';
      else partition.phase = cluster.isReplicaOnline(state.leader, partition) ? 'online' : 'offline';
    }
    // Before anybody is told to lead on in an epoch of which it may have lost records.
    yield* replaceRestarted(d, partitions, states);
    toReplicaOnline(d, online);
    yield* toReplicaOffline(d, offline);
    yield* electLeaderless(d);
    yield* startReassignments(d);
    yield* continueDeletions(d);
    yield* startDeletions(d, deletions);
    yield* this.preferredElectionRequested();
  }

  private *brokersChanged(): Work<void> {
    const { cluster } = this;
    const now = new Map((yield* call('readBrokers')).map((broker) => [broker.id, broker]));
    const added: LiveBroker[] = [];
    const returned: LiveBroker[] = [];
    const changed: LiveBroker[] = [];
    for (const broker of now.values()) {
      const known = cluster.brokers.get(broker.id);
      if (known === undefined) added.push(broker);
      else if (known.epoch !== broker.epoch) returned.push(broker);
      else if (!sameEndpoints(known, broker)) changed.push(broker);
    }
    const gone = [...cluster.brokers.keys()].filter((id) => !now.has(id));
    if (added.length > 0) yield* this.brokersCame(added);
    if (returned.length > 0) {
      yield* this.brokersWent(returned.map(({ id }) => id));
      yield* this.brokersCame(returned);
    }
    if (gone.length > 0) yield* this.brokersWent(gone);
    if (changed.length > 0) {
      for (const broker of changed) cluster.brokers.set(broker.id, broker);
      this.tellMetadata(cluster.reachableBrokers(), []);
    }
  }

  private *brokersCame(brokers: readonly LiveBroker[]): Work<void> {
    const { d, cluster } = this;
    const ids = new Set(brokers.map(({ id }) => id));
    d.log.info(`${brokersInWords(ids)} here.`);
    const others = cluster.reachableBrokers();
    for (const broker of brokers) {
      cluster.brokers.set(broker.id, broker);
      cluster.shuttingDown.delete(broker.id);
      cluster.forgetFailedReplicas(broker.id);
    }
    if (others.length > 0) this.tellMetadata(others, []);
    this.tellMetadata(ids, cluster.partitions());
    const replicas = cluster.replicasOn(ids);
    toReplicaOnline(d, replicas);
    yield* electLeaderless(d);
    yield* continueReassignments(d, ({ reassignment }) => reassignment?.some((id) => ids.has(id)) === true);
    yield* resumeDeletions(d, new Set(replicas.map(({ topic }) => topic)));
  }

  private *brokersWent(ids: readonly number[]): Work<void> {
    const { cluster } = this;
    this.d.log.info(`${brokersInWords(ids)} gone.`);
    for (const id of ids) {
      cluster.brokers.delete(id);
      cluster.shuttingDown.delete(id);
      cluster.forgetFailedReplicas(id);
    }
    yield* this.replicasWentOffline(cluster.replicasOn(new Set(ids)));
  }

  /** New leaders for what these replicas led, and the ISRs without them. */
  private *replicasWentOffline(replicas: readonly Replica[]): Work<void> {
    const { d, cluster } = this;
    const leaderless: Partition[] = [];
    for (const partition of cluster.partitions()) {
      const { topic, state, phase } = partition;
      if (state === null || cluster.isBeingDeleted(topic)) continue;
      if (cluster.isReplicaOnline(state.leader, partition)) continue;
      if (phase !== null) partition.phase = 'offline';
      leaderless.push(partition);
    }
    yield* electLeaderless(d);
    yield* toReplicaOffline(
      d,
      replicas.filter(({ topic }) => !cluster.isBeingDeleted(topic)),
    );
    const inDeletion = replicas.filter(({ topic }) => cluster.isBeingDeleted(topic));
    if (inDeletion.length > 0) {
      deletionFailed(d, inDeletion);
      yield* continueDeletions(d);
    }
    if (leaderless.length === 0) this.tellMetadata(cluster.reachableBrokers(), []);
  }

  private *topicsChanged(): Work<void> {
    const { d, cluster } = this;
    const now = new Set(yield* call('readTopics'));
    for (const topic of cluster.topics.keys()) {
      if (!now.has(topic)) cluster.topics.delete(topic);
    }
    const added = yield* this.addTopics([...now].filter((topic) => !cluster.topics.has(topic)));
    if (added.length > 0) yield* createPartitions(d, added);
  }

  private *addTopics(topics: readonly string[]): Work<Partition[]> {
    const assignments = yield* call('readAssignments', topics);
    const added: Partition[] = [];
    for (const [at, topic] of topics.entries()) {
      for (const [partition, replicas] of assignments[at] ?? []) {
        added.push(this.cluster.addPartition(topic, partition, replicas));
      }
    }
    return added;
  }

  private *topicChanged(topic: string): Work<void> {
    const { d, cluster } = this;
    const known = cluster.topics.get(topic);
    if (known === undefined) return;
    const [assignment] = yield* call('readAssignments', [topic]);
    if (assignment === null || assignment === undefined) return;
    const fresh = [...assignment].filter(([partition]) => !known.has(partition));
    if (fresh.length === 0) return;
    if (cluster.isBeingDeleted(topic)) {
      const before = new Map([...known.values()].map(({ partition, replicas }) => [partition, replicas]));
      yield* call('writeAssignment', topic, before);
      return;
    }
    yield* createPartitions(
      d,
      fresh.map(([partition, replicas]) => cluster.addPartition(topic, partition, replicas)),
    );
  }

  private *preferredElectionRequested(): Work<void> {
    const wanted = yield* call('readPreferredElection');
    if (wanted === null) return;
    yield* this.electLeaders(wanted, false);
    yield* call('clearPreferredElection');
  }

  private *isrsChanged(): Work<void> {
    const { names, content } = yield* call('readIsrChanges');
    const partitions = content
      .map(({ topic, partition }) => this.cluster.partition(topic, partition))
      .filter((partition) => partition !== undefined);
    const unique = [...new Set(partitions)];
    if (unique.length > 0) {
      const states = yield* call('readStates', unique);
      for (const [at, partition] of unique.entries()) partition.state = states[at] ?? partition.state;
      this.tellMetadata(this.cluster.reachableBrokers(), unique);
    }
    yield* call('clearIsrChanges', names);
  }

  private *logDirsFailed(): Work<void> {
    const { names, content } = yield* call('readLogDirEvents');
    const brokers = new Set(content.filter((broker) => this.cluster.isLive(broker)));
    toReplicaOnline(this.d, this.cluster.replicasOn(brokers));
    yield* call('clearLogDirEvents', names);
  }

  private *replicasAnswered(
    broker: number,
    online: readonly TopicPartition[],
    failed: readonly TopicPartition[],
  ): Work<void> {
    const newlyFailed = failed.filter((replica) => !this.cluster.isReplicaFailed(broker, replica));
    for (const replica of online) this.cluster.setReplicaFailed(broker, replica, false);
    for (const replica of failed) this.cluster.setReplicaFailed(broker, replica, true);
    if (newlyFailed.length === 0) return;
    yield* this.replicasWentOffline(
      newlyFailed.map(({ topic, partition }) => ({ topic, partition, broker })),
    );
  }

  private tellMetadata(brokers: Iterable<number>, partitions: Iterable<TopicPartition>): void {
    const batch = new RequestBatch(this.cluster);
    batch.addMetadata(brokers, partitions);
    batch.flush(this.d.out);
  }
}

function placeOf({ topic, partition }: TopicPartition): TopicPartition {
  return { topic, partition };
}

/** "Broker 2 is", "Brokers 2, 3 are". */
function brokersInWords(ids: Iterable<number>): string {
  const all = [...ids];
  return all.length === 1 ? `Broker ${all[0]} is` : `Brokers ${all.join(', ')} are`;
}

function sameEndpoints(a: LiveBroker, b: LiveBroker): boolean {
  return a.rack === b.rack && JSON.stringify(a.endpoints) === JSON.stringify(b.endpoints);
}
