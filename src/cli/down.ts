import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { stateFolder } from '../compose/cluster/host-paths.ts';
import { ask, NotRunning } from './control/control-client.ts';
import { controlPath } from './control/control-path.ts';
import { CommandFailure } from './failure.ts';
import type { ProjectOptions } from './project-options.ts';
import { addProjectOptions, projectFolder } from './project-options.ts';

export function addDown(program: Command): void {
  const command = program
    .command('down')
    .description('stop a running cluster cleanly')
    .option(
      '-v, --volumes',
      'remove what gregor keeps under .gregor (named volumes, data outside volumes), too',
    )
    .addHelpText(
      'after',
      '\nFolders that the compose file mounts (./data:/var/lib/…) are yours: they stay.\n\nExamples:\n  gregor down\n  gregor down --volumes   begin afresh next time',
    );
  addProjectOptions(command).action(async (options: ProjectOptions & { volumes?: true }) => {
    const state = stateFolder(projectFolder(options));
    let ran = true;
    try {
      await ask(controlPath(state), { command: 'down' });
    } catch (error) {
      if (!(error instanceof NotRunning))
        throw new CommandFailure(error instanceof Error ? error.message : String(error));
      ran = false;
    }
    if (options.volumes === true)
      for (const folder of ['volumes', 'services'])
        rmSync(join(state, folder), { recursive: true, force: true });
    process.stderr.write(ran ? 'stopped\n' : 'nothing ran\n');
    if (options.volumes === true) process.stderr.write(`removed the volumes in ${state}\n`);
  });
}
