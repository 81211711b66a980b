// What clients and servers say to each other.

import { acl, clientInfo, stat } from './data.ts';
import { bool, buffer, int, long, nested, record, ustring, vector } from './record.ts';

export const connectRequest = record('proto.ConnectRequest', {
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: bool,
});
/** Of clients before 3.4: without the last byte. */
export const connectRequestOf34 = record('proto.ConnectRequest', {
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});
export const connectResponse = record('proto.ConnectResponse', {
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: bool,
});
/** For clients whose request had no readOnly. */
export const connectResponseOf34 = record('proto.ConnectResponse', {
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
});
export const setWatches = record('proto.SetWatches', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
});
export const setWatches2 = record('proto.SetWatches2', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
  persistentWatches: vector(ustring),
  persistentRecursiveWatches: vector(ustring),
});
export const requestHeader = record('proto.RequestHeader', { xid: int, type: int });
export const multiHeader = record('proto.MultiHeader', { type: int, done: bool, err: int });
export const authPacket = record('proto.AuthPacket', { type: int, scheme: ustring, auth: buffer });
export const replyHeader = record('proto.ReplyHeader', { xid: int, zxid: long, err: int });
export const getDataRequest = record('proto.GetDataRequest', { path: ustring, watch: bool });
export const setDataRequest = record('proto.SetDataRequest', { path: ustring, data: buffer, version: int });
export const reconfigRequest = record('proto.ReconfigRequest', {
  joiningServers: ustring,
  leavingServers: ustring,
  newMembers: ustring,
  curConfigId: long,
});
export const setDataResponse = record('proto.SetDataResponse', { stat: nested(stat) });
export const getSASLRequest = record('proto.GetSASLRequest', { token: buffer });
export const setSASLRequest = record('proto.SetSASLRequest', { token: buffer });
export const setSASLResponse = record('proto.SetSASLResponse', { token: buffer });
export const createRequest = record('proto.CreateRequest', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  flags: int,
});
export const createTTLRequest = record('proto.CreateTTLRequest', {
  path: ustring,
  data: buffer,
  acl: vector(nested(acl)),
  flags: int,
  ttl: long,
});
export const deleteRequest = record('proto.DeleteRequest', { path: ustring, version: int });
export const getChildrenRequest = record('proto.GetChildrenRequest', { path: ustring, watch: bool });
export const getAllChildrenNumberRequest = record('proto.GetAllChildrenNumberRequest', { path: ustring });
export const getChildren2Request = record('proto.GetChildren2Request', { path: ustring, watch: bool });
export const checkVersionRequest = record('proto.CheckVersionRequest', { path: ustring, version: int });
export const getMaxChildrenRequest = record('proto.GetMaxChildrenRequest', { path: ustring });
export const getMaxChildrenResponse = record('proto.GetMaxChildrenResponse', { max: int });
export const setMaxChildrenRequest = record('proto.SetMaxChildrenRequest', { path: ustring, max: int });
export const syncRequest = record('proto.SyncRequest', { path: ustring });
export const syncResponse = record('proto.SyncResponse', { path: ustring });
export const getACLRequest = record('proto.GetACLRequest', { path: ustring });
export const setACLRequest = record('proto.SetACLRequest', {
  path: ustring,
  acl: vector(nested(acl)),
  version: int,
});
export const setACLResponse = record('proto.SetACLResponse', { stat: nested(stat) });
export const addWatchRequest = record('proto.AddWatchRequest', { path: ustring, mode: int });
export const watcherEvent = record('proto.WatcherEvent', { type: int, state: int, path: ustring });
export const errorResponse = record('proto.ErrorResponse', { err: int });
export const createResponse = record('proto.CreateResponse', { path: ustring });
export const create2Response = record('proto.Create2Response', { path: ustring, stat: nested(stat) });
export const existsRequest = record('proto.ExistsRequest', { path: ustring, watch: bool });
export const existsResponse = record('proto.ExistsResponse', { stat: nested(stat) });
export const getDataResponse = record('proto.GetDataResponse', { data: buffer, stat: nested(stat) });
export const getChildrenResponse = record('proto.GetChildrenResponse', { children: vector(ustring) });
export const getAllChildrenNumberResponse = record('proto.GetAllChildrenNumberResponse', {
  totalNumber: int,
});
export const getChildren2Response = record('proto.GetChildren2Response', {
  children: vector(ustring),
  stat: nested(stat),
});
export const getACLResponse = record('proto.GetACLResponse', {
  acl: vector(nested(acl)),
  stat: nested(stat),
});
export const checkWatchesRequest = record('proto.CheckWatchesRequest', { path: ustring, type: int });
export const removeWatchesRequest = record('proto.RemoveWatchesRequest', { path: ustring, type: int });
export const getEphemeralsRequest = record('proto.GetEphemeralsRequest', { prefixPath: ustring });
export const getEphemeralsResponse = record('proto.GetEphemeralsResponse', { ephemerals: vector(ustring) });
export const whoAmIResponse = record('proto.WhoAmIResponse', { clientInfo: vector(nested(clientInfo)) });
