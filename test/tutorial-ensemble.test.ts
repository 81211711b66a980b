import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ClusterClient, produceTo, readAll, type Ledger } from '../simulation/clients.ts';
import { whatIsWrong } from '../simulation/what-is-wrong.ts';
import { ask } from '../src/cli/control/control-client.ts';
import { controlPath } from '../src/cli/control/control-path.ts';
import { virtualRunners } from '../src/cli/make-runners.ts';
import { RunningProject } from '../src/cli/running-project.ts';
import { serverStarters } from '../src/cli/server-starters.ts';
import { stateFolder } from '../src/compose/cluster/host-paths.ts';
import { planFromFiles } from '../src/compose/make-plan.ts';
import { silentLog } from '../src/runtime/node/log.ts';
import { createNodeRuntime } from '../src/runtime/node/node-runtime.ts';
import { eventually } from './support/eventually.ts';
import { folderWith } from './support/compose-project.ts';
import { tutorialEnsemble } from './support/tutorial-ensemble.ts';

const PARTITIONS = [0, 1, 2];

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => void server.close(resolve));
  return port;
}

async function tutorial(): Promise<{ folder: string; brokerPorts: number[] }> {
  const brokerPorts = await Promise.all([1, 2, 3].map(freePort));
  return { folder: folderWith({ 'ensemble.yml': tutorialEnsemble([0, 0, 0], brokerPorts) }), brokerPorts };
}

async function up(folder: string): Promise<RunningProject> {
  const { plan } = planFromFiles({ files: [join(folder, 'ensemble.yml')], env: {} });
  if (plan === null) throw new Error('no plan');
  const running = await RunningProject.open(plan, virtualRunners(serverStarters), 'info');
  onTestFinished(() => running.stop());
  await running.started;
  expect(running.status().services.map(({ state, error }) => error ?? state)).toEqual(Array(6).fill('ready'));
  return running;
}

/** Which server leads, and since which epoch, as its own log says. */
function leaderOf({ logs }: RunningProject): { id: number; epoch: number } {
  const { leader, epoch } = logs
    .newest([], null)
    .filter(({ message }) => / \(this one\) leads epoch /.test(message))
    .at(-1)!.fields;
  return { id: Number(leader), epoch: Number(epoch) };
}

test("the tutorial's ensemble: its leader, and a broker together with the next leader, are killed; producers go on, nothing is lost, the log tells", async () => {
  const { folder, brokerPorts } = await tutorial();
  const running = await up(folder);
  const kill = (service: string) => ask(controlPath(stateFolder(folder)), { command: 'kill', service });
  const runtime = createNodeRuntime({ log: silentLog });
  const client = new ClusterClient(
    runtime,
    brokerPorts.map((port) => ({ host: '127.0.0.1', port })),
  );
  const ledgers = PARTITIONS.map((): Ledger => ({ acknowledged: [] }));
  let writing = true;
  onTestFinished(() => {
    writing = false;
    client.close();
  });
  await client.createTopic(PARTITIONS.length);
  const producing = Promise.all(ledgers.map((ledger, p) => produceTo(client, p, ledger, () => writing)));
  const more = async () => {
    const before = ledgers.map(({ acknowledged }) => acknowledged.length);
    await eventually(() => ledgers.every(({ acknowledged }, p) => acknowledged.length > before[p]! + 30));
  };

  /** What a server that is left says of the change, from the killing on. */
  const story = async (lost: number) => {
    const next = await eventually(() => {
      const found = leaderOf(running);
      return found.id === lost ? null : found;
    });
    const said = await eventually(() => {
      const lines = running.logs.newest([`cp-zookeeper-${next.id}`], null).map(({ message }) => message);
      const from = lines.findLastIndex((line) => line.startsWith(`server ${lost}, which led`));
      const told = lines.slice(from).filter((line) => /^server \d+.* (led|elected|leads)\b/.test(line));
      return from < 0 || told.length < 3 ? null : told;
    });
    return { next, said };
  };

  await more();
  const first = leaderOf(running);
  await kill(`cp-zookeeper-${first.id}`);
  const { next, said } = await story(first.id);
  await more();
  expect(said[0]).toMatch(
    new RegExp(
      `^server ${first.id}, which led epoch ${first.epoch} for .* s, is lost to this one: its connection was closed$`,
    ),
  );
  expect(said[1]).toMatch(
    new RegExp(
      `^server ${next.id} \\(this one\\) was elected, with zxid 0x[0-9a-f]+ of epoch ${first.epoch}$`,
    ),
  );
  expect(said[2]).toMatch(
    new RegExp(
      `^server ${next.id} \\(this one\\) leads epoch ${next.epoch} from zxid 0x[0-9a-f]+ on; nobody led for \\d+ ms$`,
    ),
  );
  expect(next.epoch).toBeGreaterThan(first.epoch);

  await ask(
    controlPath(stateFolder(folder)),
    { command: 'restart', service: `cp-zookeeper-${first.id}` },
    () => {},
  );
  await Promise.all([kill(`cp-zookeeper-${next.id}`), kill('cp-kafka-2')]);
  await story(next.id);
  await more();

  writing = false;
  await producing;
  for (const [p, ledger] of ledgers.entries())
    expect(whatIsWrong(p, ledger, await readAll(client, p))).toEqual([]);
}, 60_000);
