import type { Command } from 'commander';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, askProject } from './project-options.ts';

export function addRestart(program: Command): void {
  const command = program
    .command('restart')
    .description('stop a service cleanly and start it again, or start a killed one')
    .argument('<service>', 'a service of the compose file')
    .addHelpText('after', '\nExample:\n  gregor restart cp-kafka-2');
  addProjectOptions(command).action(async (service: string, options: ProjectOptions) => {
    await askProject(options, { command: 'restart', service });
    process.stderr.write(`${service} is ready\n`);
  });
}
