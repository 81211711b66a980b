import type { Files } from '../../runtime/runtime.ts';
import { listLogs, listSnapshots, logsAfter, type NamedFile } from './files.ts';
import { readLog } from './log-reader.ts';

/** Whether the transaction `zxid` is in the log. */
export function logHas(files: Files, folder: string, zxid: number): boolean {
  return logsAfter(listLogs(files, folder), zxid).some((log) => {
    let found = false;
    inLog(files, log, (each) => {
      found ||= each === zxid;
      return each < zxid;
    });
    return found;
  });
}

/**
 * Removes all that came after `zxid`, from the end on, so that a crash on the way leaves a log without holes: snapshots, whole log
 * files, then the end of the file that holds it. Resolves when the disk has forgotten it.
 */
export async function dropAfter(
  files: Files,
  folders: { readonly snapshots: string; readonly logs: string },
  zxid: number,
): Promise<void> {
  const later = (list: NamedFile[]): NamedFile[] => list.filter((file) => file.zxid > zxid).reverse();
  for (const { path } of later(listSnapshots(files, folders.snapshots))) files.remove(path);
  await files.syncFolder(folders.snapshots);
  for (const { path } of later(listLogs(files, folders.logs))) files.remove(path);
  await files.syncFolder(folders.logs);
  for (const log of logsAfter(listLogs(files, folders.logs), zxid)) {
    let cutAt = -1;
    inLog(files, log, (each, offset) => {
      if (each > zxid) cutAt = offset;
      return each <= zxid;
    });
    if (cutAt < 0) continue;
    const file = files.open(log.path, 'write');
    try {
      file.truncate(cutAt);
      await file.sync();
    } finally {
      file.close();
    }
  }
}

/** Removes the logs and snapshots of before `zxid`, of which there is a snapshot. */
export async function dropBefore(
  files: Files,
  folders: { readonly snapshots: string; readonly logs: string },
  zxid: number,
): Promise<void> {
  for (const { path } of listLogs(files, folders.logs).filter((log) => log.zxid <= zxid)) files.remove(path);
  await files.syncFolder(folders.logs);
  for (const { path } of listSnapshots(files, folders.snapshots).filter((file) => file.zxid < zxid))
    files.remove(path);
  await files.syncFolder(folders.snapshots);
}

function inLog(files: Files, log: NamedFile, each: (zxid: number, offset: number) => boolean): void {
  const file = files.open(log.path, 'read');
  try {
    readLog(file, (transaction, _digest, offset) => each(transaction.header.zxid, offset));
  } finally {
    file.close();
  }
}
