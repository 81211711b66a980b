// What servers of an ensemble say to each other on the quorum port.

import { id } from './data.ts';
import { buffer, int, long, nested, record, vector } from './record.ts';

export const learnerInfo = record('server.quorum.LearnerInfo', {
  serverid: long,
  protocolVersion: int,
  configVersion: long,
});
/** Of 3.4. */
export const learnerInfoOf34 = record('server.quorum.LearnerInfo', { serverid: long, protocolVersion: int });
export const quorumPacket = record('server.quorum.QuorumPacket', {
  type: int,
  zxid: long,
  data: buffer,
  authinfo: vector(nested(id)),
});
export const quorumAuthPacket = record('server.quorum.QuorumAuthPacket', {
  magic: long,
  status: int,
  token: buffer,
});
