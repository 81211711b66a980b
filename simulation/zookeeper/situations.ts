/** Situations that chance alone would hardly make: a few faults in the right order. They need three voters and a configuration that stays. */
import type { EnsembleServer } from '../../test/zookeeper/simulated-ensemble.ts';
import type { Faults } from './faults.ts';

/** So long a quorum that was just started may take to find its leader. */
const PATIENCE_TICKS = 40;

/**
 * A bare quorum runs. Whoever leads it gets something to its disk that nobody else hears of, and all die; the next quorum is without that one.
 * In the end there are tails of several epochs, and only who followed the latest leader may say which of them counts.
 */
export async function leadersDieInTurn(faults: Faults): Promise<void> {
  const { ensemble, random, voters } = faults;
  const bare = Math.floor(voters.length / 2) + 1;
  const first = random.below(voters.length);
  /** Who led last comes last. */
  let order = [...voters.slice(first), ...voters.slice(0, first)];
  for (let turns = 3 + random.below(4); turns > 0; turns--) {
    faults.runOnly(order.slice(0, bare));
    if (!(await faults.until(() => ensemble.leader !== undefined, PATIENCE_TICKS))) break;
    const leader = ensemble.leader!;
    // When it dies at once, its epoch has nothing but its beginning.
    if (random.below(2) === 0) await faults.pause(0, 2);
    const { storage } = leader.member ?? {};
    if (storage === undefined) continue;
    for (const voter of voters) if (voter !== leader) faults.cut(leader, voter);
    const { syncedZxid } = storage;
    const leave = faults.visit(leader);
    await faults.until(() => storage.syncedZxid > syncedZxid, 3);
    leave();
    faults.runOnly([]);
    faults.heal();
    order = [...order.filter((voter) => voter !== leader), leader];
  }
  faults.runAll();
}

/**
 * A leader is alone and doesn't know it yet; the others begin anew under another one. One of those that followed that one comes back when
 * it sees none but the old leader: it must not follow again whom a later epoch has replaced.
 */
export async function oldLeaderIsMet(faults: Faults): Promise<void> {
  const { ensemble, random, voters } = faults;
  const old = ensemble.leader;
  if (old === undefined) return;
  const others = voters.filter((voter) => voter !== old);
  for (const other of others) {
    faults.cut(old, other);
    faults.cut(other, old);
  }
  faults.runOnly([old]);
  faults.runOnly(voters);
  const leads = ({ member }: EnsembleServer): boolean => member?.mode === 'leader';
  if (await faults.until(() => others.some(leads), PATIENCE_TICKS)) {
    if (random.below(2) === 0) await faults.pause(0, 1);
    const followers = others.filter((other) => !leads(other));
    const returning = followers[random.below(followers.length)]!;
    faults.runOnly([old]);
    faults.heal(old, returning);
    faults.runOnly([old, returning]);
    await faults.pause(2, 8);
  }
  faults.heal();
  faults.runAll();
}
