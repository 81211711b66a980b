import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, askProject } from './project-options.ts';
import { colorsFor } from './view/colors.ts';
import { logView } from './view/log-view.ts';
import type { LogLine } from './view/service-log.ts';

interface LogsOptions extends ProjectOptions {
  readonly follow?: true;
  readonly tail?: number;
  readonly json?: true;
}

export function addLogs(program: Command): void {
  const command = program
    .command('logs')
    .description("show the log of a running cluster's services")
    .argument('[services...]', 'only these services')
    .option('-f, --follow', 'go on with new lines until Ctrl-C')
    .option('-n, --tail <lines>', 'only the last so many lines', wholeNumber)
    .option('--json', 'one JSON object a line, for machines')
    .addHelpText('after', '\nExamples:\n  gregor logs cp-kafka-1\n  gregor logs -f --tail 20');
  addProjectOptions(command, '--file <file>').action(async (services: string[], options: LogsOptions) => {
    const cluster = await askProject(options, { command: 'status' });
    const names = cluster?.services.map(({ name }) => name) ?? [];
    const view = logView(names, colorsFor(process.stdout));
    const show = (line: LogLine): void =>
      void process.stdout.write(options.json === true ? `${JSON.stringify(line)}\n` : view(line));
    await askProject(
      options,
      { command: 'logs', services, tail: options.tail ?? null, follow: options.follow === true },
      ({ line }) => show(line),
    );
  });
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError('write a whole number.');
  return Number(text);
}
