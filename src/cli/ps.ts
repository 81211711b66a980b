import type { Command } from 'commander';
import type { ClusterStatus } from './control/protocol.ts';
import { colorsFor } from './view/colors.ts';
import type { Colors } from './view/colors.ts';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, askProject } from './project-options.ts';

export function addPs(program: Command): void {
  const command = program
    .command('ps')
    .description('list the services of a running cluster, their state and their ports')
    .option('--json', 'one JSON document, for machines')
    .addHelpText(
      'after',
      '\nExamples:\n  gregor ps\n  gregor ps --json | jq ".services[] | select(.state != \\"ready\\")"',
    );
  addProjectOptions(command).action(async (options: ProjectOptions & { json?: true }) => {
    const cluster = await askProject(options, { command: 'status' });
    if (cluster === null) return;
    process.stdout.write(
      options.json === true
        ? `${JSON.stringify(cluster, null, 2)}\n`
        : table(cluster, colorsFor(process.stdout)),
    );
  });
}

function table(cluster: ClusterStatus, colors: Colors): string {
  const rows = cluster.services.map((service) => [
    service.name,
    service.kind,
    service.state,
    service.published
      .map(({ hostAddress, hostPort, containerPort }) => `${hostAddress}:${hostPort}->${containerPort}`)
      .join(', '),
  ]);
  const head = ['SERVICE', 'KIND', 'STATE', 'PORTS'];
  const widths = head.map((title, n) => Math.max(title.length, ...rows.map((row) => row[n]?.length ?? 0)));
  const text = (row: readonly string[]): string =>
    row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join('  ')
      .trimEnd();
  const lines = [colors.dim(text(head)), ...rows.map(text)];
  for (const { name, error } of cluster.services)
    if (error !== null) lines.push(colors.red(`${name}: ${error}`));
  return `${lines.join('\n')}\n`;
}
