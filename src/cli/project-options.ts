import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from 'commander';
import { stateFolder } from '../compose/cluster/host-paths.ts';
import { controlPath } from './control/control-path.ts';
import { NotRunning, ask } from './control/control-client.ts';
import type { ClusterStatus, ControlReply, ControlRequest } from './control/protocol.ts';
import { CommandFailure } from './failure.ts';

/** What compose itself looks for, and in this order. */
const DEFAULT_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yaml', 'docker-compose.yml'];

export interface ProjectOptions {
  readonly file?: readonly string[];
}

/** `--file`, which every command that is about a compose project has; `-f` where that means nothing else. */
export function addProjectOptions(command: Command, flags = '-f, --file <file>'): Command {
  return command.option(
    flags,
    'compose file; may be given several times (default: compose.yml or docker-compose.yml here)',
    (file: string, before: readonly string[] | undefined) => [...(before ?? []), file],
  );
}

/** The compose files that are meant; empty when none is named and none is there. */
export function composeFiles(options: ProjectOptions, folder = '.'): string[] {
  if (options.file !== undefined && options.file.length > 0) return [...options.file];
  const found = DEFAULT_FILES.find((name) => existsSync(join(folder, name)));
  if (found === undefined) return [];
  const override = found.replace(/\.ya?ml$/, '.override$&');
  return [found, override].filter((name) => existsSync(join(folder, name)));
}

/** The folder of the project, absolute: where its first file is. */
export function projectFolder(options: ProjectOptions): string {
  return dirname(resolve(composeFiles(options)[0] ?? 'compose.yml'));
}

/** Asks the project's running `up`; ends the command with a sentence when there is none. */
export async function askProject(
  options: ProjectOptions,
  request: ControlRequest,
  line?: (reply: Extract<ControlReply, { kind: 'line' }>) => void,
): Promise<ClusterStatus | null> {
  const folder = projectFolder(options);
  try {
    return await ask(controlPath(stateFolder(folder)), request, line);
  } catch (error) {
    if (error instanceof NotRunning)
      throw new CommandFailure(
        `Nothing runs for ${folder}; gregor up starts it${options.file ? '' : ' (-f names another compose file)'}.`,
      );
    throw new CommandFailure(error instanceof Error ? error.message : String(error));
  }
}
