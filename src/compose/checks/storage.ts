import type { Mount, Place } from '../model.ts';
import type { PlannedService } from '../plan.ts';
import type { Problems } from '../problems.ts';

/** A folder that a server keeps its data in, as its configuration names it. */
interface DataFolder {
  readonly planned: PlannedService;
  readonly key: string;
  readonly path: string;
}

function dataFolders(planned: PlannedService): DataFolder[] {
  if (planned.config === null) return [];
  if (planned.kind === 'broker')
    return planned.config.logDirs.map((path) => ({ planned, key: 'log.dirs', path }));
  const { dataDir, dataLogDir } = planned.config;
  return [
    { planned, key: 'dataDir', path: dataDir },
    { planned, key: 'dataLogDir', path: dataLogDir },
  ];
}

/** The mount that a path of the container lies in: the innermost one. */
function mountOf(mounts: readonly Mount[], path: string): Mount | undefined {
  return mounts
    .filter((mount) => contains(mount.target, path))
    .sort((a, b) => b.target.length - a.target.length)[0];
}

/** Volumes: no two servers in one folder, none that keeps nothing, read-only ones not for data. */
export function checkStorage(services: readonly PlannedService[], problems: Problems): void {
  const taken: { folder: DataFolder; at: string }[] = [];
  for (const planned of services) {
    const folders = dataFolders(planned);
    for (const folder of folders) {
      const mount = mountOf(planned.service.volumes, folder.path);
      if (mount === undefined || mount.kind === 'anonymous' || mount.kind === 'tmpfs') continue;
      if (mount.readOnly)
        problems.error(
          mount.place,
          'VOLUME_READ_ONLY',
          `${planned.name} writes to ${folder.path}, and this volume is read-only`,
          'leave :ro out',
        );
      const at = `${mount.kind} ${mount.source}${folder.path.slice(mount.target.length)}`;
      reportShared(folder, at, mount.place, taken, problems);
      taken.push({ folder, at });
    }
    reportUnused(planned, folders, problems);
  }
}

function reportShared(
  folder: DataFolder,
  at: string,
  place: Place,
  taken: readonly { folder: DataFolder; at: string }[],
  problems: Problems,
): void {
  const other = taken.find((one) => contains(one.at, at) || contains(at, one.at));
  if (other === undefined) return;
  const { planned } = folder;
  if (other.folder.planned !== planned)
    problems.error(
      place,
      'DATA_SHARED',
      `${planned.name} and ${other.folder.planned.name} would keep their data in the same folder`,
      `give each its own, such as ./data/${planned.name}:${folder.path}`,
    );
  else if (planned.kind === 'zookeeper' && other.at === at)
    problems.error(
      place,
      'DATA_AND_LOG_SHARED',
      `${planned.name} would keep snapshots and transaction log in the same folder, which ZooKeeper refuses`,
      `give each its own, such as ./data/${planned.name}/log:${folder.path}`,
    );
}

function reportUnused(planned: PlannedService, folders: readonly DataFolder[], problems: Problems): void {
  if (folders.length === 0) return;
  for (const mount of planned.service.volumes) {
    if (mount.kind === 'tmpfs' || /^\/(etc|usr|opt|tmp|var\/run|run|home|root)(\/|$)/.test(mount.target))
      continue;
    if (folders.some(({ path }) => contains(mount.target, path) || contains(path, mount.target))) continue;
    const own = [...new Set(folders.map(({ path }) => path))];
    problems.warning(
      mount.place,
      'VOLUME_UNUSED',
      `${planned.name} keeps nothing in ${mount.target}: its data is in ${own.join(' and ')}`,
      `write ${own.map((path) => `./data/${planned.name}${own.length > 1 ? `/${path.split('/').pop() ?? ''}` : ''}:${path}`).join(' and ')}`,
    );
  }
  const logDir = planned.service.environment.get('LOG_DIR');
  if (logDir !== undefined)
    problems.warning(
      logDir.place,
      'LOG_DIR_NO_DATA',
      `LOG_DIR of ${planned.name} is where a JVM would write its own log; no data goes there`,
      `leave it out; the data is in ${folders.map(({ path }) => path).join(' and ')}`,
    );
}

function contains(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
