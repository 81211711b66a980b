import { SeededRandom } from '../../src/runtime/simulated/seeded-random.ts';

/** What goes wrong in a story, mostly. */
export type Kind = 'crashes' | 'power' | 'cuts' | 'disks' | 'time' | 'churn' | 'all';

/** What a seed makes of a story. Times are virtual ms. */
export interface Plan {
  readonly seed: number;
  readonly kind: Kind;
  readonly servers: number;
  /** Of these the last ones observe. */
  readonly observers: number;
  readonly tickTimeMs: number;
  /** Transactions between snapshots, more or less. */
  readonly snapCount: number;
  readonly slowestSyncMs: number;
  readonly networkMs: readonly [number, number];
  readonly lossRate: number;
  readonly writers: number;
  /** How long a writer waits between bursts: from, to. */
  readonly pauseMs: readonly [number, number];
  readonly sessionTimeoutMs: number;
  /** Bytes of a znode: with large ones a tree takes more than one slice on the wire, and changes meanwhile. */
  readonly dataBytes: number;
  /** How many things go wrong, one after the other. */
  readonly faults: number;
  /** Followers take in observers, too. */
  readonly observerMasters: boolean;
  /** Sessions are their server's alone until they make an ephemeral. */
  readonly localSessions: boolean;
  /** Whether the leader has clients. */
  readonly leaderServes: boolean;
  /** So many servers are the ensemble at the start; the others may be added. */
  readonly founders: number;
  /** How often its configuration is changed; 0: it can't be. */
  readonly reconfigurations: number;
}

const shapes: readonly { servers: number; observers: number; weight: number }[] = [
  { servers: 1, observers: 0, weight: 2 },
  { servers: 2, observers: 0, weight: 2 },
  { servers: 3, observers: 0, weight: 20 },
  { servers: 4, observers: 1, weight: 5 },
  { servers: 4, observers: 0, weight: 2 },
  { servers: 5, observers: 0, weight: 6 },
  { servers: 5, observers: 2, weight: 2 },
  { servers: 6, observers: 1, weight: 1 },
  { servers: 7, observers: 0, weight: 1 },
];

const kinds: readonly { kind: Kind; weight: number }[] = [
  { kind: 'crashes', weight: 4 },
  { kind: 'power', weight: 4 },
  { kind: 'cuts', weight: 5 },
  { kind: 'disks', weight: 2 },
  { kind: 'time', weight: 2 },
  { kind: 'churn', weight: 4 },
  { kind: 'all', weight: 4 },
];

/** What zoo.cfg says beyond the servers. */
export function zooCfgOf(plan: Plan): string {
  const lines = [`snapCount=${plan.snapCount}`];
  if (plan.observerMasters) lines.push('observerMasterPort=2191');
  if (plan.localSessions) lines.push('localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true');
  if (!plan.leaderServes) lines.push('leaderServes=no');
  if (plan.reconfigurations > 0) lines.push('reconfigEnabled=true', 'skipACL=yes');
  return `${lines.join('\n')}\n`;
}

export function planOf(seed: number): Plan {
  const random = new SeededRandom(seed).fork('plan');
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)]!;
  const { servers, observers } = weighted(random, shapes);
  const { kind } = weighted(random, kinds);
  const tickTimeMs = pick([50, 100, 100, 200]);
  const plan: Plan = {
    seed,
    kind,
    servers,
    observers,
    tickTimeMs,
    snapCount: pick([6, 20, 100_000]),
    slowestSyncMs: pick([1, 3, 20, 80]),
    networkMs: pick([
      [0.05, 1],
      [0.05, 1],
      [0.05, 5],
      [1, 30],
    ] as const),
    lossRate: pick([0, 0, 0.002, 0.01]),
    writers: 1 + random.below(1 + random.below(3)),
    pauseMs: pick([
      [5, 60],
      [30, 200],
      [60, 300],
    ] as const),
    sessionTimeoutMs: tickTimeMs * pick([4, 8, 20]),
    dataBytes: random.below(40) === 0 ? 20_000 : pick([0, 10, 10, 100]),
    faults: 1 + random.below(1 + random.below(5)),
    observerMasters: random.below(2) === 0,
    localSessions: random.below(10) === 0,
    leaderServes: servers === 1 || random.below(10) > 0,
    founders: servers,
    reconfigurations: 0,
  };
  return random.below(4) === 0 ? withReconfigurations(plan, random) : plan;
}

function withReconfigurations(plan: Plan, random: SeededRandom): Plan {
  const founders = 2 + random.below(1 + random.below(4));
  return {
    ...plan,
    servers: Math.min(7, founders + 1 + random.below(3)),
    observers: 0,
    localSessions: false,
    faults: plan.faults + random.below(4),
    founders,
    reconfigurations: 2 + random.below(1 + random.below(12)),
  };
}

function weighted<T extends { weight: number }>(random: SeededRandom, list: readonly T[]): T {
  let at = random.below(list.reduce((sum, { weight }) => sum + weight, 0));
  for (const one of list) {
    at -= one.weight;
    if (at < 0) return one;
  }
  return list[0]!;
}
