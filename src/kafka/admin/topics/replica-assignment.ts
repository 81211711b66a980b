import type { Random } from '../../../runtime/runtime.ts';

export interface BrokerPlace {
  readonly id: number;
  readonly rack: string | null;
}

export interface AssignmentWish {
  readonly partitions: number;
  /** At most the number of brokers. */
  readonly replicationFactor: number;
  /** The number of the first of these partitions: not 0 when partitions are added. */
  readonly firstPartition?: number;
  /** Where on the circle of brokers to start; absent: anywhere. */
  readonly startIndex?: number;
}

/**
 * Spreads partitions over brokers as Apache does: leaders go round the brokers from a random one on, and the distance of the
 * followers grows by one with every round, so that what a dead broker led goes to all others. When every broker has a rack, the
 * replicas of a partition are in as many racks as possible (KIP-36). @returns partition → replicas.
 */
export function assignReplicas(
  brokers: readonly BrokerPlace[],
  wish: AssignmentWish,
  random: Random,
): Map<number, number[]> {
  const racks = new Set(brokers.map(({ rack }) => rack));
  const circle = racks.has(null) ? [...brokers].sort((a, b) => a.id - b.id) : alternateRacks(brokers);
  const count = circle.length;
  const start = wish.startIndex ?? random.below(count);
  const first = wish.firstPartition ?? 0;
  let shift = wish.startIndex ?? random.below(count);
  const assignment = new Map<number, number[]>();
  for (let partition = first; partition < first + wish.partitions; partition++) {
    if (partition > 0 && partition % count === 0) shift += 1;
    const leaderAt = (partition + start) % count;
    const chosen = racks.has(null)
      ? followers(circle, leaderAt, shift, wish.replicationFactor)
      : followersInOtherRacks(circle, leaderAt, shift * racks.size, wish.replicationFactor, racks.size);
    assignment.set(
      partition,
      chosen.map(({ id }) => id),
    );
  }
  return assignment;
}

/** The place of the n-th follower: never the leader's. */
function followerAt(leaderAt: number, shift: number, nth: number, count: number): number {
  return count === 1 ? leaderAt : (leaderAt + 1 + ((shift + nth) % (count - 1))) % count;
}

function followers(
  circle: readonly BrokerPlace[],
  leaderAt: number,
  shift: number,
  replicas: number,
): BrokerPlace[] {
  const places = [leaderAt];
  for (let nth = 0; nth < replicas - 1; nth++) places.push(followerAt(leaderAt, shift, nth, circle.length));
  return places.map((at) => circle[at]).filter((broker) => broker !== undefined);
}

/** A rack is taken again only when all have a replica. */
function followersInOtherRacks(
  circle: readonly BrokerPlace[],
  leaderAt: number,
  shift: number,
  replicas: number,
  rackCount: number,
): BrokerPlace[] {
  const leader = circle[leaderAt];
  if (leader === undefined) return [];
  const chosen = [leader];
  const usedRacks = new Set([leader.rack]);
  for (let nth = 0; chosen.length < replicas; nth++) {
    const candidate = circle[followerAt(leaderAt, shift, nth, circle.length)];
    if (candidate === undefined || chosen.includes(candidate)) continue;
    if (usedRacks.has(candidate.rack) && usedRacks.size < rackCount) continue;
    chosen.push(candidate);
    usedRacks.add(candidate.rack);
  }
  return chosen;
}

/** Brokers in an order in which neighbours are in different racks as far as possible. */
function alternateRacks(brokers: readonly BrokerPlace[]): BrokerPlace[] {
  const byRack = new Map<string, BrokerPlace[]>();
  for (const broker of [...brokers].sort((a, b) => a.id - b.id)) {
    const rack = broker.rack ?? '';
    const group = byRack.get(rack);
    if (group === undefined) byRack.set(rack, [broker]);
    else group.push(broker);
  }
  const groups = [...byRack].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => group);
  const circle: BrokerPlace[] = [];
  for (let round = 0; circle.length < brokers.length; round++) {
    for (const group of groups) {
      const broker = group[round];
      if (broker !== undefined) circle.push(broker);
    }
  }
  return circle;
}
