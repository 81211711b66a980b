/**
 * The gregor command. Each command is a file of its own, which adds itself to the program; only the one that is called is
 * loaded, so that starting costs the same however many there are.
 */
import { Command, CommanderError } from 'commander';
import { CommandFailure } from './failure.ts';

interface Entry {
  readonly name: string;
  /** Empty: not for people, and not in the help. */
  readonly summary: string;
  load(): Promise<(program: Command) => void>;
}

const commands: readonly Entry[] = [
  {
    name: 'up',
    summary: 'run the ZooKeeper and Kafka services of a compose file',
    load: async () => (await import('./up.ts')).addUp,
  },
  {
    name: 'down',
    summary: 'stop a running cluster cleanly',
    load: async () => (await import('./down.ts')).addDown,
  },
  {
    name: 'ps',
    summary: 'list the services of a running cluster, their state and their ports',
    load: async () => (await import('./ps.ts')).addPs,
  },
  {
    name: 'logs',
    summary: "show the log of a running cluster's services",
    load: async () => (await import('./logs.ts')).addLogs,
  },
  {
    name: 'kill',
    summary: 'end a service at once, as kill -9 does',
    load: async () => (await import('./kill.ts')).addKill,
  },
  {
    name: 'restart',
    summary: 'stop a service cleanly and start it again, or start a killed one',
    load: async () => (await import('./restart.ts')).addRestart,
  },
  {
    name: 'broker',
    summary: "run one Kafka broker, with Apache's own configuration file",
    load: async () => (await import('./broker.ts')).addBroker,
  },
  {
    name: 'service',
    summary: '',
    load: async () => (await import('./service.ts')).addService,
  },
  {
    name: 'zookeeper',
    summary: "run one ZooKeeper server, with Apache's own configuration file",
    load: async () => (await import('./zookeeper.ts')).addZooKeeper,
  },
];

const EXIT_CODES = '\nExit codes: 0 done, 1 failed (standard error says why), 2 wrong usage';

const EXAMPLES = `
Examples:
  gregor up                   run the compose file of this folder; Ctrl-C stops it
  gregor up --detach          in the background
  gregor kill cp-kafka-2      see what a cluster does when a broker dies
  gregor help up              all about one command
${EXIT_CODES}`;

async function main(args: readonly string[]): Promise<void> {
  const program = new Command('gregor')
    .description(
      'ZooKeeper and Kafka in one process, from the compose file you have, without Docker or a JVM',
    )
    .version('0.1.0', '-V, --version')
    .showHelpAfterError('(run gregor --help to see what there is)')
    .exitOverride();
  const words = args.filter((arg) => !arg.startsWith('-'));
  const name = words[0] === 'help' ? words[1] : words[0];
  const called = commands.find((entry) => entry.name === name);
  for (const entry of commands) {
    if (entry === called) (await entry.load())(program);
    else if (entry.summary !== '') program.command(entry.name).description(entry.summary);
  }
  program.addHelpText('after', EXAMPLES);
  for (const command of program.commands)
    command
      .showHelpAfterError(`(run gregor ${command.name()} --help to see how it is used)`)
      .addHelpText('after', EXIT_CODES)
      .exitOverride();
  await program.parseAsync(args, { from: 'user' });
}

// `gregor logs | head` closes our output early, and that is all right.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof CommandFailure) {
    if (error.message !== '') process.stderr.write(`${error.message}\n`);
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(
      `gregor: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    );
    process.exitCode = 1;
  }
}
