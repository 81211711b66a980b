import type { Command } from 'commander';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, askProject } from './project-options.ts';

export function addKill(program: Command): void {
  const command = program
    .command('kill')
    .description('end a service at once, as kill -9 does: nothing is flushed, nobody is told')
    .argument('<service>', 'a service of the compose file')
    .addHelpText(
      'after',
      '\nExamples:\n  gregor kill cp-kafka-2      leaders move to other brokers once its ZooKeeper session ends\n  gregor restart cp-kafka-2   brings it back',
    );
  addProjectOptions(command).action(async (service: string, options: ProjectOptions) => {
    await askProject(options, { command: 'kill', service });
    process.stderr.write(`${service} is killed; gregor restart ${service} brings it back\n`);
  });
}
