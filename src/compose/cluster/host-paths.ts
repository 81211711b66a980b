import { join, posix } from 'node:path';
import { mountOf } from '../checks/storage.ts';
import type { Mount } from '../model.ts';
import type { PlannedService } from '../plan.ts';

/** Where gregor keeps what belongs to a project and isn't in a folder that the file names. */
export function stateFolder(projectFolder: string): string {
  return join(projectFolder, '.gregor');
}

/** The machine's path for a path of a service's container. Whatever no volume covers stays with the service, under `.gregor`. */
export function hostPath(planned: PlannedService, projectFolder: string, containerPath: string): string {
  const path = posix.join('/', containerPath);
  const mount = mountOf(planned.service.volumes, path);
  if (mount === undefined || mount.kind === 'anonymous' || mount.kind === 'tmpfs')
    return join(stateFolder(projectFolder), 'services', planned.name, path);
  return join(mountedAt(mount, projectFolder), path.slice(mount.target.length));
}

function mountedAt(mount: Mount, projectFolder: string): string {
  return mount.kind === 'bind' ? mount.source : join(stateFolder(projectFolder), 'volumes', mount.source);
}
