import { join } from 'node:path';
import type { Mount } from '../model.ts';
import type { PlannedService } from '../plan.ts';

/** Where gregor keeps what belongs to a project and isn't in a folder that the file names. */
export function stateFolder(projectFolder: string): string {
  return join(projectFolder, '.gregor');
}

/** Where the volumes of a service are on the machine; the others are below `rootOf`. */
export function mountsOf(
  planned: PlannedService,
  projectFolder: string,
): { inside: string; machine: string }[] {
  return planned.service.volumes
    .filter((mount) => mount.kind === 'bind' || mount.kind === 'volume')
    .map((mount) => ({ inside: mount.target, machine: mountedAt(mount, projectFolder) }));
}

/** Whatever no volume covers stays with the service. */
export function rootOf(planned: PlannedService, projectFolder: string): string {
  return join(stateFolder(projectFolder), 'services', planned.name);
}

/** Names beyond those of the services. Docker Desktop's names for the machine work everywhere. */
export function extraHostsOf(planned: PlannedService): Map<string, string> {
  return new Map([
    ['host.docker.internal', 'host-gateway'],
    ['gateway.docker.internal', 'host-gateway'],
    ...planned.service.extraHosts,
  ]);
}

function mountedAt(mount: Mount, projectFolder: string): string {
  return mount.kind === 'bind' ? mount.source : join(stateFolder(projectFolder), 'volumes', mount.source);
}
