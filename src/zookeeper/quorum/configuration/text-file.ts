import type { Files } from '../../../runtime/runtime.ts';

export function readText(files: Files, path: string): string {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(file.size());
    return bytes.toString('utf8', 0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}

/** On the disk when it resolves; a crash before leaves the old file. */
export async function replaceText(files: Files, path: string, text: string): Promise<void> {
  const file = files.open(`${path}.tmp`, 'write');
  try {
    file.truncate(0);
    file.write(Buffer.from(text), 0);
    await file.sync();
  } finally {
    file.close();
  }
  files.rename(`${path}.tmp`, path);
  await files.syncFolder(folderOf(path));
}

/** Gone from the disk, too, when it resolves. */
export function removeText(files: Files, path: string): Promise<void> {
  files.remove(path);
  return files.syncFolder(folderOf(path));
}

const folderOf = (path: string): string =>
  path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.';
