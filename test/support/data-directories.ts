import type { Files } from '../../src/runtime/runtime.ts';
import type { StorageConfig } from '../../src/zookeeper/storage/storage.ts';

export const testConfig: StorageConfig = {
  dataDir: '/data',
  dataLogDir: '/data',
  preAllocBytes: 64 * 1024,
  snapCount: 100_000,
  snapSizeLimitBytes: 0,
  snapshotCompression: 'none',
  trustEmptySnapshot: false,
  forceSync: true,
  fsyncWarningThresholdMs: 1000,
};

/** Files of a tar archive (only plain ones, as `tar -c` writes short names). */
export function unpack(files: Files, tar: Buffer, folder: string): void {
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0;) {
    const name = tar.toString('utf8', at, tar.indexOf(0, at));
    const size = Number.parseInt(tar.toString('latin1', at + 124, at + 135), 8);
    const isFile = tar[at + 156] === 0x30 || tar[at + 156] === 0;
    const path = `${folder}/${name.replace(/^\.\//, '')}`;
    if (isFile) {
      files.makeFolder(path.slice(0, path.lastIndexOf('/')));
      const file = files.open(path, 'write');
      file.write(tar.subarray(at + 512, at + 512 + size), 0);
      file.close();
    }
    at += 512 + Math.ceil(size / 512) * 512;
  }
}
