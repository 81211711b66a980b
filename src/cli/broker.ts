import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { BrokerConfig } from '../kafka/broker/config/broker-config.ts';
import { resolveBrokerConfig } from '../kafka/broker/config/broker-config.ts';
import { parseProperties } from '../wire/properties.ts';
import type { Broker } from '../kafka/broker/start.ts';
import { startBroker } from '../kafka/broker/start.ts';
import { createLog } from '../runtime/node/log.ts';
import { createNodeRuntime } from '../runtime/node/node-runtime.ts';
import { formatProblem } from '../wire/problem.ts';
import { CommandFailure } from './failure.ts';

const HELP = `
The file is Apache's server.properties, with the keys and defaults of Kafka 2.3. SIGTERM or Ctrl-C stops the
broker cleanly: its leaderships move to other brokers first.

Example:
  gregor broker config/server.properties
`;

const EXIT_MS = 500;

export function addBroker(program: Command): void {
  program
    .command('broker')
    .description("run one Kafka broker, with Apache's own configuration file")
    .argument('<server.properties>', 'the configuration file')
    .option('--json', 'log one JSON object a line')
    .option('--verbose', 'log what happens in detail')
    .addHelpText('after', HELP)
    .action((file: string, options: { json?: true; verbose?: true }) => run(file, options));
}

async function run(file: string, options: { json?: true; verbose?: true }): Promise<void> {
  const config = readConfig(file);
  const log = createLog({
    level: options.verbose === true ? 'debug' : 'info',
    format: options.json === true ? 'json' : 'pretty',
  });
  let broker: Broker;
  try {
    broker = await startBroker(createNodeRuntime({ log }), config);
  } catch (error) {
    throw new CommandFailure(
      `the broker can't start: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  let isStopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.on(signal, () => {
      if (isStopping) process.exit(1); // whoever asks twice doesn't want to wait
      isStopping = true;
      log.info(`${signal}: stopping`);
      broker.stop().catch((error: unknown) => {
        log.error(`stopping failed: ${String(error)}`);
        process.exit(1);
      });
    });
  const reason = await broker.ended;
  setTimeout(() => process.exit(), EXIT_MS).unref(); // what a broken disk or network left open must not keep the process
  if (reason !== null) throw new CommandFailure(`the broker had to stop: ${reason.message}`);
}

function readConfig(file: string): BrokerConfig {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new CommandFailure(`${file}:1 FILE_UNREADABLE: the file can't be read: ${cause}`);
  }
  const { config, problems } = resolveBrokerConfig(parseProperties(text), file);
  for (const problem of problems) process.stderr.write(`${formatProblem(problem)}\n`);
  if (config === null) throw new CommandFailure('');
  return config;
}
