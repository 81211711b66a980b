import type { MultiResult } from './types.ts';

/** Codes of ZooKeeper's answers, under the names that they have there. */
export const ZooKeeperErrorCode = {
  Ok: 0,
  SystemError: -1,
  RuntimeInconsistency: -2,
  DataInconsistency: -3,
  ConnectionLoss: -4,
  MarshallingError: -5,
  Unimplemented: -6,
  OperationTimeout: -7,
  BadArguments: -8,
  UnknownSession: -12,
  NewConfigNoQuorum: -13,
  ReconfigInProgress: -14,
  APIError: -100,
  NoNode: -101,
  NoAuth: -102,
  BadVersion: -103,
  NoChildrenForEphemerals: -108,
  NodeExists: -110,
  NotEmpty: -111,
  SessionExpired: -112,
  InvalidCallback: -113,
  InvalidACL: -114,
  AuthFailed: -115,
  SessionMoved: -118,
  NotReadOnly: -119,
  EphemeralOnLocalSession: -120,
  NoWatcher: -121,
  RequestTimeout: -122,
  ReconfigDisabled: -123,
  SessionClosedRequireSaslAuth: -124,
  QuotaExceeded: -125,
  ThrottledOp: -127,
} as const;

const nameByCode = new Map<number, string>(
  Object.entries(ZooKeeperErrorCode).map(([name, code]) => [code, name]),
);

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
    const name = nameByCode.get(code) ?? `Error${code}`;
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
