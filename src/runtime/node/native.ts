import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Loads a package with native code at its first use, so that a server that doesn't need it starts without it. Such packages bring
 * a binary for each platform; where there is none, the error says so.
 */
export function lazyNative<T>(name: string, purpose: string): () => T {
  let loaded: T | undefined;
  return () => {
    if (loaded !== undefined) return loaded;
    try {
      loaded = require(name) as T;
    } catch (error) {
      const where = `${process.platform}-${process.arch}`;
      throw new Error(
        `${purpose} needs the package ${name}, which has no binary for ${where} here. Run "npm ci" on this machine itself and ` +
          `without --omit=optional; if that doesn't help, ${name} doesn't support ${where}.`,
        { cause: error },
      );
    }
    return loaded;
  };
}
