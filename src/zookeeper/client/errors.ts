import { ErrorCode, errorInfo } from '../jute/error-code.ts';
import type { MultiResult } from './types.ts';

/** Codes of ZooKeeper's answers, under the names that they have there. */
export const ZooKeeperErrorCode = ErrorCode;

/**
 * A request that was refused, or whose outcome is unknown (`ConnectionLoss`: it may have been done).
 * `name` is the code's, e.g. `NoNode`; `path` as the caller gave it.
 */
export class ZooKeeperError extends Error {
  readonly code: number;
  readonly path: string;
  /** Of a failed multi: one for each operation. */
  readonly results: readonly MultiResult[];

  constructor(code: number, path: string, results: readonly MultiResult[] = []) {
    const { name } = errorInfo(code);
    super(path === '' ? name : `${name} for ${path}`);
    this.name = name;
    this.code = code;
    this.path = path;
    this.results = results;
  }
}

/** Whether `error` is ZooKeeper's answer with that code. */
export function isZooKeeperError(error: unknown, name: keyof typeof ZooKeeperErrorCode): boolean {
  return error instanceof ZooKeeperError && error.code === ZooKeeperErrorCode[name];
}
