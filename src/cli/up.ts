import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { BUILT_IN_NAME, builtInCompose } from '../compose/built-in.ts';
import { planFromFiles } from '../compose/make-plan.ts';
import type { Plan } from '../compose/plan.ts';
import { startDetached } from './detached.ts';
import { CommandFailure } from './failure.ts';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, composeFiles } from './project-options.ts';
import { RunningProject } from './running-project.ts';
import { colorsFor } from './view/colors.ts';
import { logView } from './view/log-view.ts';
import { countText, notesText, problemText } from './view/problem-view.ts';
import type { LogLine } from './view/service-log.ts';
import { summary } from './view/summary.ts';

export interface UpOptions extends ProjectOptions {
  readonly profile?: readonly string[];
  readonly envFile?: readonly string[];
  readonly processes?: true;
  readonly detach?: true;
  readonly verbose?: true;
  readonly check?: true;
}

/** After so long without being ready, people want to see what goes on. */
const PATIENCE_MS = 3000;

/** Under `npm start` one Ctrl-C comes twice: from the terminal, and from npm that passes it on. */
const SAME_KEY_MS = 400;

const HELP = `
Services run with the images' own meaning of their variables: confluentinc/cp-zookeeper and
confluentinc/cp-kafka up to 7.9 today; others are named and left out. Without a compose file, a cluster of one
ZooKeeper (localhost:2181) and three brokers (localhost:9092 to 9094) runs.

Published ports listen on localhost (127.0.0.1, ::1) unless the file names an address. Ctrl-C stops cleanly; a second
one at once. Folders that the file mounts keep the data, everything else is in .gregor beside the file.

Examples:
  gregor up                                run the compose file of this folder
  gregor up -f examples/tutorial/docker-compose.yml
  gregor up cp-zookeeper-1 cp-kafka-1      only these services, and what they depend on
  gregor up --detach && gregor ps          in the background; gregor down stops it
  gregor up --check                        only say what is wrong with the file
`;

export function addUp(program: Command): void {
  const command = program
    .command('up')
    .description('run the ZooKeeper and Kafka services of a compose file')
    .argument(
      '[services...]',
      'a compose file, and services to run with all that they depend on (default: all)',
    )
    .option('-d, --detach', 'run in the background')
    .option('--processes', 'each service in a process of its own, over real sockets')
    .option('--profile <name>', 'turn a profile on; may be given several times', gather)
    .option('--env-file <file>', 'instead of .env beside the compose file', gather)
    .option('--check', 'check the file and start nothing')
    .option('--verbose', 'log what each service does in detail')
    .addHelpText('after', HELP);
  addProjectOptions(command).action((words: string[], options: UpOptions) => {
    const file = words[0];
    const namesFile = file !== undefined && /\.ya?ml$/.test(file) && existsSync(file);
    return up(
      namesFile ? words.slice(1) : words,
      namesFile ? { ...options, file: [...(options.file ?? []), file] } : options,
    );
  });
}

function gather(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

async function up(services: readonly string[], options: UpOptions): Promise<void> {
  const plan = readPlan(services, options);
  if (options.check === true) {
    process.stdout.write(`${plan.project.file}: ${countText(plan.problems) || 'nothing is wrong'}\n`);
    return;
  }
  if (options.detach === true) return startDetached(plan, services, options);
  const makeRunners = await runnersFor(options);
  const level = options.verbose === true ? 'debug' : 'info';
  const running = await RunningProject.open(plan, makeRunners, level);
  const forced = stopOnSignals(running);
  for (const event of ['uncaughtException', 'unhandledRejection'] as const)
    process.on(event, (error: unknown) => running.report(error));
  await follow(running);
  await Promise.race([running.ended, forced]);
}

/** Reads the compose files and says all that is wrong with them; ends the command when that forbids a start. */
function readPlan(services: readonly string[], options: UpOptions): Plan {
  const found = composeFiles(options);
  const { plan, problems } = planFromFiles({
    files: found.length > 0 ? found : [BUILT_IN_NAME],
    env: process.env,
    services,
    ...(found.length > 0 ? {} : { texts: new Map([[BUILT_IN_NAME, builtInCompose]]) }),
    ...(options.profile === undefined ? {} : { profiles: options.profile }),
    ...(options.envFile === undefined ? {} : { envFiles: options.envFile }),
  });
  const colors = colorsFor(process.stderr);
  for (const problem of problems) process.stderr.write(problemText(problem, colors));
  if (plan !== null) process.stderr.write(notesText(plan, colors));
  if (plan === null || problems.some(({ severity }) => severity === 'error')) {
    const file = found[0] ?? BUILT_IN_NAME;
    throw new CommandFailure(`\n${countText(problems)} in ${file}: nothing was started.`);
  }
  return plan;
}

async function runnersFor(options: UpOptions): Promise<Parameters<typeof RunningProject.open>[1]> {
  if (options.processes === true)
    return (await import('./process-runners.ts')).processRunners(options.verbose === true);
  const [{ virtualRunners }, { serverStarters }] = await Promise.all([
    import('./make-runners.ts'),
    import('./server-starters.ts'),
  ]);
  return virtualRunners(serverStarters);
}

/** First signal: a clean stop. Second: at once. Resolves when it was forced. */
function stopOnSignals(running: RunningProject): Promise<void> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const onSignal = (): void => {
      const now = performance.now();
      if (askedAt !== null && now - askedAt < SAME_KEY_MS) return;
      if (askedAt !== null) {
        process.stderr.write('\nstopped at once\n');
        running.killAll();
        process.exitCode = 1;
        resolve();
        setImmediate(() => process.exit());
        return;
      }
      askedAt = now;
      process.stderr.write('\nstopping (Ctrl-C again: at once)\n');
      void running.stop();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/** Holds the log back until there is a summary to show, then follows it. */
async function follow(running: RunningProject): Promise<void> {
  const { plan, logs } = running;
  const colors = colorsFor(process.stdout);
  const view = logView(
    plan.services.map(({ name }) => name),
    colors,
  );
  const held: LogLine[] = [];
  let isHeld = true;
  logs.follow((line) => {
    if (isHeld) held.push(line);
    else process.stdout.write(view(line));
  });
  const show = (lines: readonly LogLine[]): void => {
    isHeld = false;
    process.stdout.write(lines.map(view).join(''));
  };
  const impatient = setTimeout(() => show(held.splice(0)), PATIENCE_MS);
  try {
    await Promise.race([running.started, running.ended]);
  } catch (error) {
    show(held.splice(0));
    await running.stop();
    throw new CommandFailure(error instanceof Error ? error.message : String(error));
  } finally {
    clearTimeout(impatient);
  }
  const { services } = running.status();
  const failed = services.filter(({ state }) => state === 'failed').map(({ name }) => name);
  const telling = held.splice(0).filter(({ level, service }) => level !== 'info' || failed.includes(service));
  if (telling.length > 0 || isHeld) show(telling);
  process.stdout.write(summary(plan, services, performance.now(), colors));
  if (failed.length > 0 && failed.length === services.length) {
    await running.stop();
    throw new CommandFailure('No service could be started.');
  }
}
