// What requests, transactions and files have in common.

import { int, long, nested, record, ustring } from './record.ts';

export const id = record('data.Id', { scheme: ustring, id: ustring });
export const acl = record('data.ACL', { perms: int, id: nested(id) });
export const stat = record('data.Stat', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  dataLength: int,
  numChildren: int,
  pzxid: long,
});
export const statPersisted = record('data.StatPersisted', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
  pzxid: long,
});
export const clientInfo = record('data.ClientInfo', { authScheme: ustring, user: ustring });
/** Only before 3.4. */
export const statPersistedV1 = record('data.StatPersistedV1', {
  czxid: long,
  mzxid: long,
  ctime: long,
  mtime: long,
  version: int,
  cversion: int,
  aversion: int,
  ephemeralOwner: long,
});
