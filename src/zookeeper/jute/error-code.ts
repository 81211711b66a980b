/** Codes in the header of answers and in error transactions. */
export const ErrorCode = {
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

type ErrorName = keyof typeof ErrorCode;

const sentences: Record<ErrorName, string> = {
  Ok: 'done',
  SystemError: 'the server failed; its log says how',
  RuntimeInconsistency: 'not tried, because an operation before it in the same multi was refused',
  DataInconsistency: 'the server found its own data contradictory',
  ConnectionLoss: 'the connection ended before the answer came; it is unknown whether the request was done',
  MarshallingError: 'the request could not be read; its bytes are not what this operation takes',
  Unimplemented: 'this server does not know or does not allow this operation',
  OperationTimeout: 'no answer came in time',
  BadArguments: 'an argument is not allowed, such as a path without a leading slash',
  UnknownSession: 'the server does not know this session',
  NewConfigNoQuorum: 'the new configuration has no quorum of servers that are connected and up to date',
  ReconfigInProgress: 'another change of the configuration is not finished yet',
  APIError: 'an error of the interface',
  NoNode: 'there is no such znode',
  NoAuth: 'the ACL does not allow it; authenticate with addAuth first',
  BadVersion: 'the znode has another version, so somebody else changed it in between',
  NoChildrenForEphemerals: 'the parent is ephemeral, and ephemeral znodes have no children',
  NodeExists: 'the znode is there already',
  NotEmpty: 'the znode has children; delete them first',
  SessionExpired: 'the session is over; open a new one',
  InvalidCallback: 'the callback is not valid',
  InvalidACL: 'the ACL is empty, or names a scheme or an id that is not valid',
  AuthFailed: 'the credentials were refused',
  SessionMoved: 'the session lives on another server by now',
  NotReadOnly: 'this server serves reads only for now',
  EphemeralOnLocalSession: 'a local session cannot own ephemeral znodes',
  NoWatcher: 'there is no such watch',
  RequestTimeout: 'the request was not done in time',
  ReconfigDisabled: 'changes of the configuration are switched off; see reconfigEnabled',
  SessionClosedRequireSaslAuth: 'this server takes clients that authenticate by SASL only',
  QuotaExceeded: 'the quota of the subtree does not allow more',
  ThrottledOp: 'the server has too much to do and dropped the request',
};

const nameByCode = new Map<number, ErrorName>(
  Object.entries(ErrorCode).map(([name, code]) => [code, name as ErrorName]),
);

/** The name and a sentence for people. */
export function errorInfo(code: number): { name: string; sentence: string } {
  const name = nameByCode.get(code);
  return name === undefined
    ? { name: `Error${code}`, sentence: 'a code that this version does not know' }
    : { name, sentence: sentences[name] };
}
