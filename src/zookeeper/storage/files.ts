import type { Files } from '../../runtime/runtime.ts';

export const LOG_MAGIC = 0x5a4b4c47; // ZKLG
export const SNAPSHOT_MAGIC = 0x5a4b534e; // ZKSN
export const FILE_VERSION = 2;
export const FILE_HEADER_BYTES = 16;

/** Logs and snapshots lie in here, below dataLogDir and dataDir. */
export const VERSION_FOLDER = 'version-2';

export interface NamedFile {
  readonly path: string;
  readonly name: string;
  readonly zxid: number;
}

export const logName = (zxid: number): string => `log.${zxid.toString(16)}`;

export type SnapshotCompression = 'none' | 'gz' | 'snappy';

export const snapshotName = (zxid: number, compression: SnapshotCompression): string =>
  `snapshot.${zxid.toString(16)}${compression === 'none' ? '' : `.${compression}`}`;

/** Snapshots while they are written: Apache would take any name that begins with `snapshot.` for a finished one. */
export const UNFINISHED_PREFIX = 'unfinished-snapshot.';

export function compressionOf(name: string): SnapshotCompression {
  if (name.endsWith('.gz')) return 'gz';
  return name.endsWith('.snappy') ? 'snappy' : 'none';
}

/** Logs in a folder, by their first zxid. */
export function listLogs(files: Files, folder: string): NamedFile[] {
  return listNamed(files, folder, /^log\.([0-9a-f]{1,16})$/);
}

/** Snapshots in a folder, the oldest first. */
export function listSnapshots(files: Files, folder: string): NamedFile[] {
  return listNamed(files, folder, /^snapshot\.([0-9a-f]{1,16})(?:\.gz|\.snappy)?$/);
}

function listNamed(files: Files, folder: string, pattern: RegExp): NamedFile[] {
  if (!files.exists(folder)) return [];
  const found: NamedFile[] = [];
  for (const name of files.list(folder)) {
    const hex = pattern.exec(name)?.[1];
    if (hex !== undefined) found.push({ path: `${folder}/${name}`, name, zxid: Number.parseInt(hex, 16) });
  }
  return found.sort((a, b) => a.zxid - b.zxid);
}

/** The logs that hold what comes after `zxid`: from the last one that begins at or before it on. */
export function logsAfter(logs: readonly NamedFile[], zxid: number): NamedFile[] {
  const first = logs.findLastIndex((log) => log.zxid <= zxid);
  return logs.slice(Math.max(first, 0));
}
