import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stateFolder } from '../compose/cluster/host-paths.ts';
import type { Plan } from '../compose/plan.ts';
import { ask, NotRunning } from './control/control-client.ts';
import { controlPath } from './control/control-path.ts';
import type { ClusterStatus } from './control/protocol.ts';
import { CommandFailure } from './failure.ts';
import type { UpOptions } from './up.ts';
import { colorsFor } from './view/colors.ts';
import { summary } from './view/summary.ts';

const POLL_MS = 20;

/** Starts the same command in the background, waits until the cluster is ready, and leaves. */
export async function startDetached(
  plan: Plan,
  services: readonly string[],
  options: UpOptions,
): Promise<void> {
  const state = stateFolder(plan.project.folder);
  const path = controlPath(state);
  if (await runs(path))
    throw new CommandFailure(
      `A cluster runs already for ${plan.project.folder}: gregor ps shows it, gregor down stops it.`,
    );
  mkdirSync(state, { recursive: true });
  const output = join(state, 'up.log');
  const child = spawnBackground(output, services, options);
  let cluster: ClusterStatus | null = null;
  while (cluster === null && child.exitCode === null && child.signalCode === null) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    cluster = await ask(path, { command: 'started' }).catch((error: unknown) => {
      if (error instanceof NotRunning) return null;
      throw new CommandFailure(
        `${error instanceof Error ? error.message : String(error)} (its log: ${output})`,
      );
    });
  }
  if (cluster === null) throw new CommandFailure(readFileSync(output, 'utf8').trimEnd());
  child.unref();
  const colors = colorsFor(process.stdout);
  process.stdout.write(summary(plan, cluster.services, performance.now(), colors));
  const failed = cluster.services.filter(({ state: now }) => now === 'failed');
  if (failed.length === cluster.services.length) throw new CommandFailure('No service could be started.');
  process.stdout.write(colors.dim('  It runs in the background: gregor ps, gregor logs, gregor down.\n'));
  if (failed.length > 0) throw new CommandFailure('');
}

async function runs(path: string): Promise<boolean> {
  try {
    await ask(path, { command: 'status' });
    return true;
  } catch {
    return false;
  }
}

function spawnBackground(
  output: string,
  services: readonly string[],
  options: UpOptions,
): ReturnType<typeof spawn> {
  const file = openSync(output, 'w');
  const args = [
    ...(options.file ?? []).flatMap((name) => ['-f', name]),
    ...(options.profile ?? []).flatMap((name) => ['--profile', name]),
    ...(options.envFile ?? []).flatMap((name) => ['--env-file', name]),
    ...(options.processes === true ? ['--processes'] : []),
    ...(options.verbose === true ? ['--verbose'] : []),
    ...services,
  ];
  const command = process.argv[1] ?? '';
  const child = spawn(process.execPath, [...process.execArgv, command, 'up', ...args], {
    detached: true,
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  return child;
}
