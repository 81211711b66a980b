import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { createLog } from '../runtime/node/log.ts';
import { createNodeRuntime } from '../runtime/node/node-runtime.ts';
import { formatProblem } from '../wire/problem.ts';
import { parseZooKeeperConfig } from '../zookeeper/server/config/config.ts';
import { startZooKeeper } from '../zookeeper/server/start.ts';
import { CommandFailure } from './failure.ts';
import { withJvmFlags } from './jvm-flags.ts';
import { environment, processFacts } from './machine.ts';

const HELP = `
The file is Apache's zoo.cfg. -Dzookeeper.… in SERVER_JVMFLAGS, JVMFLAGS or KAFKA_OPTS counts, too, and so
does -Djava.security.auth.login.config. SIGTERM or Ctrl-C stops the server.

Example:
  gregor zookeeper conf/zoo.cfg
`;

export function addZooKeeper(program: Command): void {
  program
    .command('zookeeper')
    .description("run one ZooKeeper server, with Apache's own configuration file")
    .argument('<zoo.cfg>', 'the configuration file')
    .option('--json', 'log one JSON object a line')
    .option('--verbose', 'log what happens in detail')
    .addHelpText('after', HELP)
    .action((file: string, options: { json?: true; verbose?: true }) => runZooKeeper(file, options));
}

async function runZooKeeper(file: string, options: { json?: true; verbose?: true }): Promise<void> {
  const text = withJvmFlags(readConfig(file), process.env);
  const { config, problems } = parseZooKeeperConfig(text, file);
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (config === null) throw new CommandFailure('');

  const log = createLog({
    level: options.verbose === true ? 'debug' : 'info',
    format: options.json === true ? 'json' : 'pretty',
  });
  const runtime = createNodeRuntime({ log });
  // From now on: who asks for a stop while the server starts gets a clean one as soon as it runs.
  const signalled = untilSignal();
  let server;
  try {
    server = await startZooKeeper(runtime, config, {
      environment: environment(),
      initialConfiguration: text,
      configFile: resolve(file),
      processFacts,
    });
  } catch (error) {
    throw asFailure(error);
  }
  const signal = await Promise.race([signalled, server.failure]).catch((error: unknown) => {
    throw asFailure(error);
  });
  runtime.log.info(`stopping, as ${signal} says`);
  await server.stop();
}

function readConfig(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(
      `${file}:1 FILE_UNREADABLE: the file can't be read: ${(error as Error).message}`,
    );
  }
}

/** What the machine does to us is said in a sentence; everything else is a bug and keeps its stack. */
function asFailure(error: unknown): unknown {
  const expected = new Set(['NetworkError', 'FileError', 'StorageError', 'SecurityError']);
  return error instanceof Error && expected.has(error.name) ? new CommandFailure(error.message) : error;
}

function untilSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
