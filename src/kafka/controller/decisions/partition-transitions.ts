import { replicasOf, type Partition } from './cluster-state.ts';
import type { Deciding } from './deciding.ts';
import { electNotRestarted, electOffline, type Election } from './elections.ts';
import { RequestBatch } from './request-batch.ts';
import { toReplicaNew, toReplicaOnline } from './replica-transitions.ts';
import { call, type Work } from './work.ts';
import type {
  PartitionState,
  VersionedPartitionState,
  WrittenPartitionState,
} from '../znodes/partition-state.ts';

/** Why a partition has no new leader: nobody may lead, or its state is gone or another controller's. */
export type ElectionFailure = 'noEligibleLeader' | 'stateLost';
export type ElectionFailures = Map<Partition, ElectionFailure>;

/** Decides for each contender by what rule its leader is chosen. */
export type Strategy = (contenders: readonly Contender[]) => Work<readonly Election[]>;

interface Contender {
  readonly partition: Partition;
  readonly state: VersionedPartitionState;
}

export function byRule(election: Election): Strategy {
  return byContender(() => election);
}

function byContender(ruleFor: (contender: Contender) => Election): Strategy {
  // oxlint-disable-next-line eslint/require-yield -- other strategies have to read configs
  return function* (contenders) {
    return contenders.map(ruleFor);
  };
}

/** For partitions without a leader. Whether somebody out of sync may lead is the topic's choice, else the broker's. */
function offlineStrategy(d: Deciding): Strategy {
  return function* (contenders) {
    const isLost = ({ partition, state }: Contender) =>
      !state.isr.some((broker) => d.cluster.isReplicaOnline(broker, partition));
    const topics = [...new Set(contenders.filter(isLost).map(({ partition }) => partition.topic))];
    const configs = topics.length === 0 ? [] : yield* call('readTopicConfigs', topics);
    const allowed = new Map<string, boolean>();
    for (const [at, topic] of topics.entries()) {
      const own = configs[at]?.get('unclean.leader.election.enable');
      allowed.set(
        topic,
        own === undefined ? d.settings.uncleanLeaderElectionEnable() : own.toLowerCase() === 'true',
      );
    }
    return contenders.map(({ partition }) => electOffline(allowed.get(partition.topic) === true));
  };
}

/** NonExistent → New → Online, with all replicas: partitions that were never seen before. */
export function* createPartitions(d: Deciding, partitions: readonly Partition[]): Work<void> {
  for (const partition of partitions) partition.phase ??= 'new';
  toReplicaNew(d, replicasOf(partitions));
  yield* toOnline(d, partitions, offlineStrategy(d));
  toReplicaOnline(d, replicasOf(partitions));
}

/** → Online: first states for New ones, elections for the others. What fails stays as it is. */
export function* toOnline(
  d: Deciding,
  partitions: readonly Partition[],
  strategy: Strategy,
): Work<ElectionFailures> {
  const failures: ElectionFailures = new Map();
  const batch = new RequestBatch(d.cluster);
  const fresh = partitions.filter(({ phase }) => phase === 'new');
  const known = partitions.filter(({ phase }) => phase === 'online' || phase === 'offline');
  if (fresh.length > 0) yield* writeFirstStates(d, fresh, batch, failures);
  if (known.length > 0) yield* elect(d, known, strategy, batch, failures);
  batch.flush(d.out);
  // While a broker stops, its partitions have a leader until it is gone: whoever is left says then what that means.
  if (d.cluster.shuttingDown.size === 0) tellFailures(d, failures);
  return failures;
}

/** Who has to come back before these partitions have a leader again; one line for all that wait for the same. */
function tellFailures(d: Deciding, failures: ElectionFailures): void {
  const sentences = new Map<string, Partition[]>();
  for (const [partition, failure] of failures) {
    // That its preferred replica may not lead yet is no news: it has the leader that it had.
    const { state } = partition;
    if (
      failure === 'noEligibleLeader' &&
      state !== null &&
      d.cluster.isReplicaOnline(state.leader, partition)
    )
      continue;
    const why = failure === 'stateLost' ? STATE_LOST : awaited(partition);
    sentences.set(why, [...(sentences.get(why) ?? []), partition]);
  }
  for (const [why, [first, ...others]] of sentences) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`;
    const verb = others.length === 0 ? 'has' : 'have';
    d.log.warn(`${first?.topic}-${first?.partition}${more} ${verb} no leader${why}`);
  }
}

const STATE_LOST = ' for now: the state in ZooKeeper is gone or is of a later controller.';

function awaited({ replicas, state }: Partition): string {
  const able = state === null || state.isr.length === 0 ? replicas : state.isr;
  const names = able.length === 1 ? `broker ${able[0]} is back` : `one of brokers ${able.join(', ')} is back`;
  const why = replicas.length === 1 ? 'its only replica is there' : 'nobody else was in sync';
  return ` until ${names}: ${why}.`;
}

/** Tries partitions without a leader, of one topic or all; not those that are being deleted. */
export function* electLeaderless(d: Deciding, topic: string | null = null): Work<void> {
  const candidates = topic === null ? [...d.cluster.partitions()] : d.cluster.partitionsOf(topic);
  const leaderless = candidates.filter(
    (partition) =>
      (partition.phase === 'new' || partition.phase === 'offline') &&
      !d.cluster.isBeingDeleted(partition.topic),
  );
  if (leaderless.length > 0) yield* toOnline(d, leaderless, offlineStrategy(d));
}

/**
 * At the beginning of a term: which brokers were started again since a state was written shows by what ZooKeeper knows of both. A controller
 * that had been there then would have seen them go and come; an earlier one may have died before it could.
 */
export function* replaceRestarted(
  d: Deciding,
  partitions: readonly Partition[],
  states: readonly (WrittenPartitionState | null)[],
): Work<void> {
  const wasRestarted = (broker: number, since: bigint): boolean =>
    (d.cluster.brokers.get(broker)?.epoch ?? since) > since;
  const zxids = new Map<Partition, bigint>();
  for (const [at, partition] of partitions.entries()) {
    const state = states[at];
    if (state === null || state === undefined || d.cluster.isBeingDeleted(partition.topic)) continue;
    // A replica that has no other has nothing to differ from.
    if (partition.replicas.length < 2) continue;
    if (state.isr.some((broker) => wasRestarted(broker, state.zxid))) zxids.set(partition, state.zxid);
  }
  if (zxids.size === 0) return;
  const strategy: Strategy = byContender(({ partition }) =>
    electNotRestarted((broker) => wasRestarted(broker, zxids.get(partition)!)),
  );
  yield* toOnline(d, [...zxids.keys()], strategy);
}

/** The same leader and ISR under a new leader epoch, so that replicas take a changed assignment. */
export function* bumpLeaderEpoch(
  d: Deciding,
  partition: Partition,
  recipients: readonly number[],
): Work<void> {
  const batch = new RequestBatch(d.cluster);
  const keep: Election = ({ state }) => ({ leader: state.leader, isr: state.isr, recipients });
  yield* elect(d, [partition], byRule(keep), batch, new Map());
  batch.flush(d.out);
}

function* writeFirstStates(
  d: Deciding,
  partitions: readonly Partition[],
  batch: RequestBatch,
  failures: ElectionFailures,
): Work<void> {
  const chosen: { partition: Partition; state: PartitionState }[] = [];
  for (const partition of partitions) {
    const isr = partition.replicas.filter((broker) => d.cluster.isReplicaOnline(broker, partition));
    const [leader] = isr;
    if (leader === undefined) failures.set(partition, 'noEligibleLeader');
    else chosen.push({ partition, state: { leader, leaderEpoch: 0, isr, controllerEpoch: d.epoch } });
  }
  const created = yield* call(
    'createStates',
    chosen.map(({ partition: { topic, partition }, state }) => ({ topic, partition, state })),
  );
  const existing: Partition[] = [];
  for (const [at, { partition, state }] of chosen.entries()) {
    partition.phase = 'online';
    if (created[at] === true) {
      partition.state = { ...state, version: 0 };
      batch.addLeaderAndIsr(state.isr, partition, true);
    } else existing.push(partition);
  }
  // The answer to an earlier try was lost, or an earlier controller got as far as this: what is written counts.
  if (existing.length === 0) return;
  const states = yield* call('readStates', existing);
  for (const [at, partition] of existing.entries()) {
    partition.state = states[at] ?? null;
    batch.addLeaderAndIsr(partition.replicas, partition, true);
  }
}

/** Reads the states again, since leaders change their ISR themselves, and writes the new ones until no other write comes between. */
function* elect(
  d: Deciding,
  partitions: readonly Partition[],
  strategy: Strategy,
  batch: RequestBatch,
  failures: ElectionFailures,
): Work<void> {
  for (let remaining = partitions; remaining.length > 0;) {
    const states = yield* call('readStates', remaining);
    const contenders: Contender[] = [];
    for (const [at, partition] of remaining.entries()) {
      const state = states[at] ?? null;
      if (state === null || state.controllerEpoch > d.epoch) failures.set(partition, 'stateLost');
      else contenders.push({ partition, state });
    }
    const elections = yield* strategy(contenders);
    const winners: {
      partition: Partition;
      state: PartitionState;
      version: number;
      recipients: readonly number[];
    }[] = [];
    for (const [at, { partition, state }] of contenders.entries()) {
      partition.state = state;
      const elected = elections[at]?.({
        replicas: partition.replicas,
        state,
        isOnline: (broker) => d.cluster.isReplicaOnline(broker, partition),
      });
      if (elected === null || elected === undefined) failures.set(partition, 'noEligibleLeader');
      else {
        const { leader, isr, recipients } = elected;
        const next = { leader, isr, leaderEpoch: state.leaderEpoch + 1, controllerEpoch: d.epoch };
        winners.push({ partition, state: next, version: state.version, recipients });
      }
    }
    const results = yield* call(
      'writeStates',
      winners.map(({ partition: { topic, partition }, state, version }) => ({
        topic,
        partition,
        state,
        version,
      })),
    );
    const again: Partition[] = [];
    for (const [at, { partition, state, recipients }] of winners.entries()) {
      const result = results[at];
      if (result === 'conflict') again.push(partition);
      else if (typeof result !== 'number') failures.set(partition, 'stateLost');
      else {
        partition.state = { ...state, version: result };
        partition.phase = 'online';
        batch.addLeaderAndIsr(recipients, partition, false);
      }
    }
    remaining = again;
  }
}
