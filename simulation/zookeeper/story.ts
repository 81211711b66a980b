/**
 * One story: clients write to an ensemble while things go wrong, then all is mended. What must hold at each moment is the oracle's
 * affair; in the end the servers must have the same tree, with every acknowledged write, and serve.
 */
import type { Log } from '../../src/runtime/runtime.ts';
import { SimulatedEnsemble } from '../../test/zookeeper/simulated-ensemble.ts';
import { Faults } from './faults.ts';
import { Oracle } from './oracle.ts';
import { planOf, zooCfgOf, type Plan } from './plan.ts';
import { Ledger, Writer } from './writer.ts';

/** Virtual ms after which a healed ensemble must serve and agree. */
const PATIENCE_MS = 60_000;

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
  const voters = Array.from({ length: plan.servers - plan.observers }, (_, i) => i + 1);
  const ensemble: SimulatedEnsemble = new SimulatedEnsemble({
    seed,
    servers: plan.servers,
    observers: plan.observers,
    lossRate: plan.lossRate,
    networkMs: plan.networkMs,
    slowestSyncMs: plan.slowestSyncMs,
    tickTimeMs: plan.tickTimeMs,
    zooCfg: zooCfgOf(plan),
    log: suspicious((sentence) => oracle.say(sentence)),
    equip: (server, made) => oracle.serving(server, made),
    gaveUp: (server, reason) => {
      if (!faults.excused.has(server)) oracle.say(`server ${server.id} gave up: ${reason}`);
      faults.gaveUp(server);
    },
  });
  const { world } = ensemble;
  world.onTrace = onTrace ?? null;
  world.trace(JSON.stringify(plan));
  const oracle = new Oracle(ensemble.servers, voters);
  const faults = new Faults(ensemble, plan, (server) => oracle.forget(server));
  const ledger = new Ledger();
  world.afterEvent = () => oracle.look();
  ensemble.startAll();
  const writers = Array.from(
    { length: plan.writers },
    (_, i) => new Writer(`w${i}`, ensemble, plan, oracle, ledger),
  );
  for (const writer of writers) writer.start();
  await faults.happen();
  faults.mend();
  const broken = await mended(ensemble, plan, oracle, ledger, writers);
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
): Promise<string[]> {
  const { world, servers } = ensemble;
  if (!(await ensemble.untilServing(servers.length, PATIENCE_MS)))
    return [
      `${PATIENCE_MS} ms after everything was mended only ${ensemble.serving.length} of ${servers.length} servers serve`,
    ];
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
