/** What the log and proposals carry. See `tree/transactions/transaction.ts` for the form that the tree works with. */

import { acl } from './data.ts';
import { bool, buffer, int, long, nested, record, ustring, vector } from './record.ts';

export const txnDigest = record('txn.TxnDigest', { version: int, treeDigest: long });
export const txnHeader = record('txn.TxnHeader', {
  clientId: long,
  cxid: int,
  zxid: long,
  time: long,
  type: int,
});
export const createTxnV0 = record('txn.CreateTxnV0', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  ephemeral: bool,
});
export const createTxn = record('txn.CreateTxn', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  ephemeral: bool,
  parentCVersion: int,
});
export const createTTLTxn = record('txn.CreateTTLTxn', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  parentCVersion: int,
  ttl: long,
});
export const createContainerTxn = record('txn.CreateContainerTxn', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  parentCVersion: int,
});
export const deleteTxn = record('txn.DeleteTxn', { path: ustring });
export const setDataTxn = record('txn.SetDataTxn', { path: ustring, data: buffer, version: int });
export const checkVersionTxn = record('txn.CheckVersionTxn', { path: ustring, version: int });
export const setACLTxn = record('txn.SetACLTxn', { path: ustring, acl: vector(nested(acl)), version: int });
export const setMaxChildrenTxn = record('txn.SetMaxChildrenTxn', { path: ustring, max: int });
export const createSessionTxn = record('txn.CreateSessionTxn', { timeOut: int });
export const closeSessionTxn = record('txn.CloseSessionTxn', { paths2Delete: vector(ustring) });
export const errorTxn = record('txn.ErrorTxn', { err: int });
export const txn = record('txn.Txn', { type: int, data: buffer });
export const multiTxn = record('txn.MultiTxn', { txns: vector(nested(txn)) });
