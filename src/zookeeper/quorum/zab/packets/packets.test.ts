import { expect, test } from 'vitest';
import { WireError } from '../../../../wire/wire-error.ts';
import { LAST_ZXID } from '../../../tree/transactions/zxid.ts';
import { PacketStream, PacketType } from './packets.ts';

test.each([
  [-1n, -1],
  [2n ** 53n - 1n, LAST_ZXID],
  [-2n, null],
  [2n ** 53n, null],
  [2n ** 62n, null],
])('a packet with the zxid %s is read if an ensemble can get there', (zxid, read) => {
  const bytes = Buffer.alloc(24);
  bytes.writeInt32BE(PacketType.LEADERINFO, 0);
  bytes.writeBigInt64BE(zxid, 4);
  bytes.writeInt32BE(-1, 12);
  bytes.writeInt32BE(-1, 16);
  const stream = new PacketStream(1000);
  stream.push(bytes);
  if (read === null) expect(() => stream.next()).toThrow(WireError);
  else expect(stream.next()?.zxid).toBe(read);
});
