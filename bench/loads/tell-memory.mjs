// Loaded before a server of ours: on SIGUSR2 it writes what is alive after a full collection, in bytes, to the file that is named. Needs --expose-gc.
import { renameSync, writeFileSync } from 'node:fs';

const file = process.env.TELL_MEMORY_TO;
process.on('SIGUSR2', () => {
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  writeFileSync(`${file}.part`, String(heapUsed + arrayBuffers));
  renameSync(`${file}.part`, file);
});
