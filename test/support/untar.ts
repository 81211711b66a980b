import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Unpacks a .tar.gz with plain files and folders, as our fixtures are. */
export function untar(archive: string | URL, folder: string): void {
  const bytes = gunzipSync(readFileSync(archive));
  for (let at = 0; at + 512 <= bytes.length;) {
    const text = (from: number, length: number): string =>
      bytes.toString('utf8', at + from, at + from + length).split('\0')[0]!;
    const name = text(0, 100);
    if (name === '') return;
    const prefix = text(257, 5) === 'ustar' ? text(345, 155) : '';
    const size = parseInt(text(124, 12).trim() || '0', 8);
    const type = text(156, 1);
    const path = join(folder, prefix, name);
    if (type === '5') mkdirSync(path, { recursive: true });
    else if (type === '0' || type === '') {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes.subarray(at + 512, at + 512 + size));
    } else throw new Error(`${name}: tar entries of type ${type} are not known here`);
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
