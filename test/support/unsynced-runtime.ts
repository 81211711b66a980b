import { createNodeRuntime } from '../../src/runtime/node/node-runtime.ts';
import type { Log, Runtime } from '../../src/runtime/runtime.ts';
import { silentLog } from '../../src/runtime/silent-log.ts';

/** The real machine, but a sync is over at once: tests whose subject isn't durability don't wait for a disk. */
export function createUnsyncedRuntime(log: Log = silentLog): Runtime {
  const runtime = createNodeRuntime({ log });
  const { files } = runtime;
  return {
    ...runtime,
    files: {
      ...files,
      syncFolder: () => Promise.resolve(),
      open: (path, mode) => Object.assign(files.open(path, mode), { sync: () => Promise.resolve() }),
    },
  };
}
