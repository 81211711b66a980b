import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Of all stores that have one. */
export const TEST_PASSWORD = 'secret-1';

/** See `make.sh` beside them. */
export const testStorePath = (name: string): string => join(import.meta.dirname, '../fixtures/tls', name);

export const testStore = (name: string): Buffer => readFileSync(testStorePath(name));
