/** Which sets of servers may decide for the ensemble. Any two such sets have a server in common. */
export interface QuorumVerifier {
  hasQuorum(supporters: Iterable<number>): boolean;
  /** A server of weight 0 is heard, but never counted and never elected. */
  weightOf(server: number): number;
}

/** More than half of the voters. */
export function majorityOf(voters: readonly number[]): QuorumVerifier {
  const all = new Set(voters);
  return {
    hasQuorum(supporters) {
      let count = 0;
      for (const id of new Set(supporters)) if (all.has(id)) count += 1;
      return count * 2 > all.size;
    },
    weightOf: (server) => (all.has(server) ? 1 : 0),
  };
}

/** The groups that voters are in, by number, and the weight of each voter; who has none weighs 1. */
export interface Hierarchy {
  readonly groups: ReadonlyMap<number, readonly number[]>;
  readonly weights: ReadonlyMap<number, number>;
}

/** More than half of the groups that weigh anything, of each more than half of its weight. */
export function hierarchyOf(voters: readonly number[], { groups, weights }: Hierarchy): QuorumVerifier {
  const all = new Set(voters);
  const weightOf = (server: number): number => (all.has(server) ? (weights.get(server) ?? 1) : 0);
  const weigh = (servers: Iterable<number>): number => {
    let sum = 0;
    for (const server of servers) sum += weightOf(server);
    return sum;
  };
  const heavy = [...groups.values()].filter((group) => weigh(group) > 0);
  return {
    hasQuorum(supporters) {
      const present = new Set(supporters);
      const won = heavy.filter(
        (group) => 2 * weigh(group.filter((server) => present.has(server))) > weigh(group),
      );
      return 2 * won.length > heavy.length;
    },
    weightOf,
  };
}

/** While the ensemble changes from one configuration to the next, both must agree. */
export function bothOf(a: QuorumVerifier, b: QuorumVerifier): QuorumVerifier {
  return {
    hasQuorum: (supporters) => {
      const present = [...supporters];
      return a.hasQuorum(present) && b.hasQuorum(present);
    },
    weightOf: (server) => Math.max(a.weightOf(server), b.weightOf(server)),
  };
}
