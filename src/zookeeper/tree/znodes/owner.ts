/**
 * The stored ephemeralOwner says what kind of znode it is: 0 an ordinary one, the lowest long a container, 0xff in the top byte and
 * zeros in the next two a TTL in the low 40 bits, all else the session that an ephemeral belongs to. All 64 bits are signed, as on the wire.
 */
export const NO_OWNER = 0n;
export const CONTAINER_OWNER = -0x8000_0000_0000_0000n;

const TTL_BITS = 40n;
const TTL_TOP = BigInt.asIntN(64, 0xff00_0000_0000_0000n);
export const LONGEST_TTL_MS = 2 ** 40 - 1;

export type OwnerKind = 'none' | 'session' | 'container' | 'ttl';

export function ownerKind(owner: bigint): OwnerKind {
  if (owner === NO_OWNER) return 'none';
  if (owner > 0n) return 'session';
  if (owner === CONTAINER_OWNER) return 'container';
  return owner >> TTL_BITS === TTL_TOP >> TTL_BITS ? 'ttl' : 'session';
}

/** `ttlMs`: 1 to LONGEST_TTL_MS. */
export function ttlOwner(ttlMs: number): bigint {
  return TTL_TOP | BigInt(ttlMs);
}

export function ttlOf(owner: bigint): number {
  return Number(owner & ((1n << TTL_BITS) - 1n));
}

/** What clients see as ephemeralOwner. */
export function shownOwner(owner: bigint): bigint {
  return ownerKind(owner) === 'session' ? owner : NO_OWNER;
}
