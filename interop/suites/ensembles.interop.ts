/**
 * Ensembles of gregor and Apache together, under kazoo's load: leader, follower and minority killed with -9, the leader cut off from the
 * others while its clients stay, the leader stopped for a while. Here is every mixture of three, that of all makers with each of them as the
 * first leader, and every mixture of five; each pair with a gregor in it meets, as leader and follower and as leader and observer.
 *
 *     GREGOR_ENSEMBLES=all npm run test:interop -- ensembles     every arrangement of three, every mixture of five led by each of its makers
 */
import { describe, expect, test } from 'vitest';
import type { ZooKeeperMaker } from '../support/clusters.ts';
import { Load, whatIsNotLinearizable, whatIsWrongWith } from '../support/ensemble-load.ts';
import { startEnsemble, type Ensemble, type EnsembleMember } from '../support/ensembles.ts';
import { makeNetwork, skipsNetworks } from '../support/network.ts';
import { until } from '../support/processes.ts';

const OLD = 'apache 3.4.14';
const NEW = 'apache 3.9.5';
const OURS = 'gregor';
const makers: readonly ZooKeeperMaker[] = [OLD, NEW, OURS];

interface Mixture {
  /** The last one leads at first. */
  readonly voters: readonly ZooKeeperMaker[];
  readonly observer: ZooKeeperMaker;
  /** Whether its leader is stopped for a while, too. */
  readonly standsStill?: boolean;
}

const isExhaustive = process.env['GREGOR_ENSEMBLES'] === 'all';

const chosen: readonly Mixture[] = [
  { voters: [OLD, NEW, OURS], observer: OURS, standsStill: true },
  { voters: [OURS, NEW, OLD], observer: NEW, standsStill: true },
  { voters: [OLD, OURS, NEW], observer: OURS, standsStill: true },
  { voters: [NEW, OLD, NEW], observer: OURS },
  { voters: [OLD, NEW, OLD], observer: OURS },
  { voters: [OLD, OLD, OLD], observer: OURS },
  { voters: [NEW, NEW, NEW], observer: OURS },
  { voters: [OLD, OLD, OURS], observer: NEW },
  { voters: [NEW, NEW, OURS], observer: OLD },
  { voters: [OURS, OURS, OLD], observer: OLD },
  { voters: [OURS, OURS, NEW], observer: NEW },
  { voters: [OURS, OURS, OURS], observer: OLD },
  { voters: [OLD, NEW, OLD, OURS, OURS], observer: OLD },
  { voters: [OURS, NEW, OURS, OURS, OLD], observer: OURS },
  { voters: [OURS, OLD, OURS, OURS, NEW], observer: OURS },
  { voters: [OURS, OURS, OURS, OURS, OURS], observer: NEW, standsStill: true },
];

/** Of each maker so many. */
function mixturesOfFive(): ZooKeeperMaker[][] {
  const mixtures: ZooKeeperMaker[][] = [];
  for (let old = 0; old <= 5; old++)
    for (let ours = 0; old + ours <= 5; ours++)
      mixtures.push(
        makers.flatMap((maker) =>
          Array<ZooKeeperMaker>(maker === OLD ? old : maker === OURS ? ours : 5 - old - ours).fill(maker),
        ),
      );
  return mixtures;
}

function ledBy(leader: ZooKeeperMaker, mixture: readonly ZooKeeperMaker[]): ZooKeeperMaker[] {
  const others = [...mixture];
  others.splice(others.indexOf(leader), 1);
  return [...others, leader];
}

/** Where all voters are Apache's gregor observes. */
function observed(voters: readonly ZooKeeperMaker[], i: number): Mixture {
  return { voters, observer: voters.includes(OURS) ? makers[i % makers.length]! : OURS };
}

/** Each arrangement of three; of five each mixture, led by each of its makers. */
function allMixtures(): Mixture[] {
  const ofThree = makers.flatMap((a) => makers.flatMap((b) => makers.map((c) => [a, b, c])));
  const ofFive = mixturesOfFive().flatMap((mixture) =>
    [...new Set(mixture)].map((leader) => ledBy(leader, mixture)),
  );
  return [...ofThree, ...ofFive].map(observed);
}

/** The chosen ones, and the mixtures of five that aren't among them, led by the makers in turn. */
function usualMixtures(): Mixture[] {
  const named = (voters: readonly ZooKeeperMaker[]): string => [...voters].sort().join();
  const known = new Set(chosen.map(({ voters }) => named(voters)));
  const others = mixturesOfFive().filter((mixture) => !known.has(named(mixture)));
  const led = others.map((mixture, i) => {
    const leaders = [...new Set(mixture)];
    return observed(ledBy(leaders[i % leaders.length]!, mixture), i);
  });
  return [...chosen, ...led];
}

const mixtures = isExhaustive ? allMixtures() : usualMixtures();

// Where they can't be, the others go without it.
test.skipIf(skipsNetworks())('servers can be cut off from each other (needs root and iproute2)', () => {
  makeNetwork(2)!.remove();
});

describe('servers of gregor and Apache in one ensemble', () => {
  test.each(mixtures.map((mixture) => [mixture.voters.join(', '), mixture.observer, mixture] as const))(
    '%s, observed by %s, survive deaths and a leader that is cut off',
    (_voters, _observer, mixture) => tell(mixture),
  );
});

async function tell({ voters, observer, standsStill = isExhaustive }: Mixture): Promise<void> {
  const ensemble = await startEnsemble(voters, { observers: [observer], isolable: true });
  const loads: Load[] = [];
  try {
    const first = await ensemble.serving();
    expect(first.id).toBe(voters.length);
    expect(await modes(ensemble)).toEqual([
      ...Array<string>(voters.length - 1).fill('follower'),
      'leader',
      'observer',
    ]);
    const mourned = await Load.start(ensemble.connect(), { root: '/mourned', sessions: 1, timeoutS: 3 });
    loads.push(mourned);
    const load = await Load.start(ensemble.connect());
    loads.push(load);
    const goOn = () => load.more(8);
    const isWhole = async (after: string) => {
      expect(await whatIsWrongWith(ensemble, load), after).toEqual([]);
      await load.go();
    };

    await goOn();
    await mourned.kill();
    await whileDead(ensemble, [first], goOn);
    await isWhole('the death of the leader');
    const second = await ensemble.serving();
    await whileDead(ensemble, [followerOf(ensemble, second)], goOn);
    await isWhole('the death of a follower');
    const third = await ensemble.serving();
    await whileDead(ensemble, voters.length < 5 ? [third] : [third, followerOf(ensemble, third)], goOn);
    await isWhole('the death of a minority');
    if (ensemble.network !== null) {
      await whileLeaderIsCutOff(ensemble, goOn);
      await isWhole('a leader that was cut off');
    }
    if (standsStill) {
      await whileLeaderStandsStill(ensemble, goOn);
      await isWhole('a leader that stood still');
    }
    expect(await whatIsNotLinearizable(await load.history(), ensemble)).toEqual([]);
  } catch (error) {
    throw new Error(`${String(error)}\n${ensemble.logs()}`, { cause: error });
  } finally {
    await Promise.all(loads.map((load) => load.kill()));
    await ensemble.stop();
  }
}

function modes({ members }: Ensemble): Promise<(string | null)[]> {
  return Promise.all(members.map((member) => member.mode()));
}

function followerOf({ members }: Ensemble, leader: EnsembleMember): EnsembleMember {
  const followers = members.filter((member) => !member.isObserver && member !== leader);
  return followers.find(({ maker }) => maker !== leader.maker) ?? followers[0]!;
}

async function whileDead(
  ensemble: Ensemble,
  victims: readonly EnsembleMember[],
  goOn: () => Promise<void>,
): Promise<void> {
  await Promise.all(victims.map((victim) => victim.kill()));
  await goOn();
  for (const victim of victims) victim.start();
  await ensemble.serving();
  await goOn();
}

/** Its clients stay with it, and it finds out by itself that it leads nobody. */
async function whileLeaderIsCutOff(ensemble: Ensemble, goOn: () => Promise<void>): Promise<void> {
  const lonely = await ensemble.leader();
  lonely.cutOff();
  await anotherLeader(ensemble, lonely);
  await goOn();
  lonely.join();
  await ensemble.serving();
  await goOn();
}

/** As in a long collection of garbage: when it goes on it believes that it leads, and what it was asked meanwhile lies before it. */
async function whileLeaderStandsStill(ensemble: Ensemble, goOn: () => Promise<void>): Promise<void> {
  const still = await ensemble.leader();
  await still.freeze();
  await anotherLeader(ensemble, still);
  still.thaw();
  await ensemble.serving();
  await goOn();
}

async function anotherLeader({ members }: Ensemble, old: EnsembleMember): Promise<void> {
  const others = members.filter((member) => member !== old);
  await until('another leader', async () =>
    (await Promise.all(others.map((other) => other.mode()))).includes('leader'),
  );
}
