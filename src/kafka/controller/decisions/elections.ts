import type { PartitionState } from '../znodes/partition-state.ts';

/** What an election starts from. */
export interface Candidates {
  /** In order of preference. */
  readonly replicas: readonly number[];
  readonly state: PartitionState;
  /** Whether the replica's broker is alive and not stopping, and its log directory works. */
  readonly isOnline: (broker: number) => boolean;
}

export interface Elected {
  readonly leader: number;
  readonly isr: readonly number[];
  /** Who is to know by LeaderAndIsr. */
  readonly recipients: readonly number[];
}

/** Null when no replica may lead. */
export type Election = (candidates: Candidates) => Elected | null;

/**
 * For a partition whose leader is gone: the first online replica that is in sync; when `uncleanAllowed`, else the first
 * online one, which loses what only the others have.
 */
export const electOffline =
  (uncleanAllowed: boolean): Election =>
  ({ replicas, state, isOnline }) => {
    const online = replicas.filter(isOnline);
    const inSync = online.find((replica) => state.isr.includes(replica));
    if (inSync !== undefined) {
      return { leader: inSync, isr: state.isr.filter(isOnline), recipients: online };
    }
    const [first] = online;
    return first === undefined || !uncleanAllowed
      ? null
      : { leader: first, isr: [first], recipients: online };
  };

/**
 * While no controller looked, members of the ISR were started again, so that they may have lost what wasn't on their disks: they leave it, and
 * none of them leads. When all were, nobody is better; the leader starts an epoch, since what it appends from now on may stand where
 * others have what it lost.
 */
export const electNotRestarted =
  (wasRestarted: (broker: number) => boolean): Election =>
  ({ replicas, state, isOnline }) => {
    const recipients = replicas.filter(isOnline);
    const kept = state.isr.filter((replica) => isOnline(replica) && !wasRestarted(replica));
    if (kept.includes(state.leader)) return { leader: state.leader, isr: kept, recipients };
    const leader = replicas.find((replica) => kept.includes(replica));
    if (leader !== undefined) return { leader, isr: kept, recipients };
    return isOnline(state.leader) ? { leader: state.leader, isr: state.isr, recipients } : null;
  };

/** At the end of a reassignment to `replicas` whose leader isn't among them. */
export const electReassigned: Election = ({ replicas, state, isOnline }) => {
  const leader = replicas.find((replica) => isOnline(replica) && state.isr.includes(replica));
  return leader === undefined ? null : { leader, isr: state.isr, recipients: replicas };
};

/** The first replica or nobody. */
export const electPreferred: Election = ({ replicas, state, isOnline }) => {
  const [leader] = replicas;
  return leader !== undefined && isOnline(leader) && state.isr.includes(leader)
    ? { leader, isr: state.isr, recipients: replicas }
    : null;
};

/**
 * Before a broker stops: somebody in sync who stays.
 * @param reachable brokers that are alive, also stopping ones: they are told who leads now.
 */
export const electForShutdown =
  (stopping: ReadonlySet<number>, reachable: (broker: number) => boolean): Election =>
  ({ replicas, state }) => {
    const recipients = replicas.filter(reachable);
    const leader = recipients.find((replica) => state.isr.includes(replica) && !stopping.has(replica));
    return leader === undefined
      ? null
      : { leader, isr: state.isr.filter((replica) => !stopping.has(replica)), recipients };
  };
