/**
 * One story: clients write to an ensemble while things go wrong, then all is mended. What must hold at each moment is the oracle's
 * affair; in the end the servers must have the same tree, with every acknowledged write, and serve.
 */
import type { Log } from '../../src/runtime/runtime.ts';
import { SimulatedEnsemble } from '../../test/zookeeper/simulated-ensemble.ts';
import { ensembleOf } from '../../src/zookeeper/quorum/configuration/ensemble.ts';
import { Faults } from './faults.ts';
import { Oracle } from './oracle.ts';
import { Operator } from './operator.ts';
import { planOf, zooCfgOf, type Plan } from './plan.ts';
import { Ledger, Writer } from './writer.ts';

/** Virtual ms after which a healed ensemble must serve and agree. */
const PATIENCE_MS = 60_000;
/** So often meanwhile an administrator looks whether those run that shall, and no others. */
const TRIES = 4;

export interface EnsembleOutcome {
  readonly broken: readonly string[];
  readonly acknowledged: number;
  readonly epochs: number;
  readonly virtualMs: number;
  readonly traceHash: string;
}

export interface EnsembleStory {
  readonly seed: number;
  readonly onTrace?: (line: string) => void;
}

export async function runEnsembleStory({ seed, onTrace }: EnsembleStory): Promise<EnsembleOutcome> {
  const plan = planOf(seed);
  const ensemble: SimulatedEnsemble = new SimulatedEnsemble({
    seed,
    servers: plan.servers,
    observers: plan.observers,
    founders: plan.founders,
    lossRate: plan.lossRate,
    networkMs: plan.networkMs,
    slowestSyncMs: plan.slowestSyncMs,
    tickTimeMs: plan.tickTimeMs,
    zooCfg: zooCfgOf(plan),
    log: suspicious((sentence) => oracle.say(sentence)),
    equip: (server, made) => oracle.serving(server, made),
    gaveUp: (server, reason) => {
      if (plan.reconfigurations > 0 && /has no server\.\d/.test(reason)) operator.retire(server);
      else if (!faults.excused.has(server)) oracle.say(`server ${server.id} gave up: ${reason}`);
      faults.gaveUp(server);
    },
  });
  const { world } = ensemble;
  world.onTrace = onTrace ?? null;
  world.trace(JSON.stringify(plan));
  const oracle = new Oracle(ensemble.servers, ensembleOf(ensemble.config));
  const operator = new Operator(ensemble, plan, oracle);
  const faults = new Faults(
    ensemble,
    plan,
    (server) => oracle.forget(server),
    (server) => operator.wants(server),
  );
  const ledger = new Ledger();
  world.afterEvent = () => oracle.look();
  for (const server of ensemble.servers.slice(0, plan.founders)) ensemble.start(server);
  const writers = Array.from(
    { length: plan.writers },
    (_, i) => new Writer(`w${i}`, ensemble, plan, oracle, ledger),
  );
  for (const writer of writers) writer.start();
  operator.start();
  await faults.happen();
  faults.mend();
  const broken = await mended(ensemble, plan, oracle, ledger, writers, operator);
  return {
    broken: [...oracle.broken, ...ledger.broken, ...broken],
    acknowledged: ledger.acknowledged,
    epochs: oracle.epochs,
    virtualMs: world.nowMs,
    traceHash: world.traceHash,
  };
}

/** Whoever finds that another one breaks the protocol, or that trees differ, only logs it: here it is a fault, as nobody may. */
function suspicious(say: (sentence: string) => void): Log {
  const hear = (message: string): void => {
    if (/can't be read|makes no sense|out of turn|differ|never proposed|for ever/.test(message)) say(message);
  };
  const log: Log = { debug: () => {}, info: () => {}, warn: hear, error: hear, with: () => log };
  return log;
}

/** The world is whole again: what is wrong now? */
async function mended(
  ensemble: SimulatedEnsemble,
  plan: Plan,
  oracle: Oracle,
  ledger: Ledger,
  writers: readonly Writer[],
  operator: Operator,
): Promise<string[]> {
  const { world } = ensemble;
  let isOperated = false;
  void operator.stop().then(() => (isOperated = true));
  if (!(await untilTidy(ensemble, oracle, operator, () => isOperated)))
    return [
      `${PATIENCE_MS} ms after everything was mended only ${ensemble.serving.map(({ id }) => id).join(', ') || 'nobody'} of servers ${oracle.configuration.members.map(({ id }) => id).join(', ')} serves`,
    ];
  const servers = ensemble.servers.filter((server) => operator.wants(server));
  const before = ledger.acknowledged;
  if (!(await world.run(() => ledger.acknowledged > before + 3, PATIENCE_MS)))
    return ['the healed ensemble acknowledges no writes'];
  let stopped = false;
  void Promise.all(writers.map((writer) => writer.stop())).then(() => (stopped = true));
  if (!(await world.run(() => stopped, PATIENCE_MS)))
    return ['requests to the healed ensemble are never answered'];
  const agree = (): boolean =>
    servers.every(({ member }) => member !== null && member.storage.tree.lastZxid === oracle.lastCommitted);
  if (!(await world.run(agree, PATIENCE_MS))) return ['the servers do not come to the same zxid'];
  // Nothing of before may come yet.
  await world.run(world.nowMs + 2 * plan.tickTimeMs);
  const broken: string[] = [];
  const [first, ...others] = servers;
  if (!(await world.run(agree, PATIENCE_MS))) return ['the servers do not stay at the same zxid'];
  const tree = ensemble.treeOf(first!);
  for (const other of others)
    if (ensemble.treeOf(other) !== tree)
      broken.push(
        `servers ${first!.id} and ${other.id} have different trees: ${difference(tree, ensemble.treeOf(other))}`,
      );
  broken.push(...ledger.check(first!.member!.storage.tree));
  return broken;
}

/**
 * Until all members of the last configuration serve with it, and they alone; none waits for its quorums, which would count on others, too.
 * Who serves with an older one, maybe under a leader that is gone, knows only the servers of then: those must still be there to tell it.
 */
async function untilTidy(
  ensemble: SimulatedEnsemble,
  oracle: Oracle,
  operator: Operator,
  isOperated: () => boolean,
): Promise<boolean> {
  const { world } = ensemble;
  const servesWithIt = ({ id }: { readonly id: number }): boolean =>
    ensemble.serving.some(
      (server) => server.id === id && server.member!.ensemble.version >= oracle.configuration.version,
    );
  const isTidy = (): boolean =>
    isOperated() &&
    ensemble.leader?.member?.proposed === null &&
    oracle.configuration.isVoter(ensemble.leader.id) &&
    oracle.configuration.members.every(servesWithIt);
  operator.tidy();
  for (let tries = 0; tries < TRIES; tries++) {
    if (await world.run(isTidy, PATIENCE_MS / TRIES)) {
      operator.clean();
      return true;
    }
    operator.tidy();
  }
  return false;
}

function difference(a: string, b: string): string {
  const has = new Set(b.split('\n'));
  const had = new Set(a.split('\n'));
  const only = (lines: Set<string>, of: Set<string>): string =>
    [...lines]
      .filter((line) => !of.has(line))
      .slice(0, 2)
      .join(', ');
  return `one has ${only(had, has)}; the other ${only(has, had)}`;
}
