/**
 * Session ids and passwords as Apache's servers make them, so that a session can move between theirs and ours: nothing about a
 * password is stored.
 */

const LEAST_LONG = -(1n << 63n);

/** Ids of one run of a server: time since start in the upper bits, the server's own number on top, counted up by one. */
export class SessionIds {
  private next: bigint;

  /** elapsedMs: of a monotonic clock; only has to differ from run to run. serverId: 1 when standalone. */
  constructor(elapsedMs: number, serverId: number) {
    const time = BigInt.asUintN(64, BigInt(Math.floor(elapsedMs)) << 24n) >> 8n;
    this.next = BigInt.asIntN(64, time | (BigInt(serverId) << 56n));
    // That owner marks containers.
    if (this.next === LEAST_LONG) this.next += 1n;
  }

  take(): bigint {
    const id = this.next;
    this.next += 1n;
    return id;
  }
}

const PASSWORD_BYTES = 16;
const SUPER_SECRET = 0xb3415c00n;
const MULTIPLIER = 0x5deece66dn;
const MASK_48 = (1n << 48n) - 1n;

/** 16 bytes of java.util.Random, seeded with the id. */
export function sessionPassword(sessionId: bigint): Buffer {
  const password = Buffer.allocUnsafe(PASSWORD_BYTES);
  let seed = (BigInt.asUintN(64, sessionId ^ SUPER_SECRET) ^ MULTIPLIER) & MASK_48;
  for (let at = 0; at < PASSWORD_BYTES; at += 4) {
    seed = (seed * MULTIPLIER + 0xbn) & MASK_48;
    password.writeInt32LE(Number(BigInt.asIntN(32, seed >> 16n)), at);
  }
  return password;
}
