import type { Files } from '../../runtime/runtime.ts';
import { listLogs, listSnapshots, logsAfter } from './files.ts';

/** Apache keeps no fewer. */
export const FEWEST_SNAPSHOTS_KEPT = 3;

/**
 * Removes all but the `retain` newest snapshots, and the logs that are needed by none of those: the log that may hold a kept
 * snapshot's zxid stays, since a snapshot is fuzzy. @returns what was removed.
 */
export function purge(files: Files, snapshotFolder: string, logFolder: string, retain: number): string[] {
  const snapshots = listSnapshots(files, snapshotFolder);
  const kept = snapshots.slice(-Math.max(retain, FEWEST_SNAPSHOTS_KEPT));
  const oldest = kept[0];
  if (oldest === undefined) return [];
  const logs = listLogs(files, logFolder);
  const needed = new Set(logsAfter(logs, oldest.zxid));
  const gone = [
    ...snapshots.filter((snapshot) => !kept.includes(snapshot)),
    ...logs.filter((log) => !needed.has(log)),
  ];
  for (const { path } of gone) files.remove(path);
  return gone.map(({ path }) => path);
}
