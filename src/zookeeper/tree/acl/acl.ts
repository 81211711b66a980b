/** One entry of an ACL. */
export interface Acl {
  /** Sum of `Perms`. */
  readonly perms: number;
  readonly id: Id;
}

/** Who: what a connection is authenticated as, or whom an ACL entry means. */
export interface Id {
  readonly scheme: string;
  readonly id: string;
}

/** Everybody may do everything. */
export const openAcl: readonly Acl[] = [{ perms: 31, id: { scheme: 'world', id: 'anyone' } }];
/** Everybody may read. */
export const readAcl: readonly Acl[] = [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }];

/** What a scheme means by its ids. `auth` and `world` need none: the rules below know them. */
export interface AuthScheme {
  /** Whether having such an id counts as being authenticated, for the `auth` entries of an ACL. An address doesn't. */
  readonly authenticates: boolean;
  /** Whether an ACL may name this id. */
  isValid(id: string): boolean;
  /** Whether a connection with the id `own` is one that the ACL's id `wanted` means. */
  matches(own: string, wanted: string): boolean;
}

/** By name: `ip`, `digest`, `x509`, `sasl`, … */
export type AuthSchemes = ReadonlyMap<string, AuthScheme>;

/** Whether somebody with the ids `who` has one of the rights `perms`. An empty ACL forbids nothing; `super` may do everything. */
export function allows(
  schemes: AuthSchemes,
  acl: readonly Acl[],
  perms: number,
  who: readonly Id[],
): boolean {
  if (acl.length === 0) return true;
  // By far the most usual one.
  const first = acl[0]!;
  if ((first.perms & perms) !== 0 && first.id.scheme === 'world' && first.id.id === 'anyone') return true;
  for (const id of who) if (id.scheme === 'super') return true;
  for (const entry of acl) {
    if ((entry.perms & perms) === 0) continue;
    const wanted = entry.id;
    if (wanted.scheme === 'world' && wanted.id === 'anyone') return true;
    const scheme = schemes.get(wanted.scheme);
    if (scheme === undefined) continue;
    for (const own of who) if (own.scheme === wanted.scheme && scheme.matches(own.id, wanted.id)) return true;
  }
  return false;
}

/**
 * The ACL that a request's ACL stands for: without duplicates, `auth` replaced by the creator's ids. Null when it isn't valid:
 * empty, of an unknown scheme, with a malformed id, or `auth` without anybody authenticated (InvalidACL).
 */
export function resolveAcl(
  schemes: AuthSchemes,
  asked: readonly { perms: number; id: { scheme: string | null; id: string | null } }[] | null,
  who: readonly Id[],
): readonly Acl[] | null {
  if (asked === null || asked.length === 0) return null;
  const resolved: Acl[] = [];
  for (const [at, entry] of asked.entries()) {
    const { scheme, id } = entry.id;
    const seenBefore = asked.findIndex(
      (other) => other.perms === entry.perms && other.id.scheme === scheme && other.id.id === id,
    );
    if (seenBefore < at) continue;
    if (scheme === null || id === null) return null;
    if (scheme === 'world' && id === 'anyone') resolved.push({ perms: entry.perms, id: { scheme, id } });
    else if (scheme === 'auth') {
      const authenticated = who.filter((own) => schemes.get(own.scheme)?.authenticates === true);
      if (authenticated.length === 0) return null;
      for (const own of authenticated) resolved.push({ perms: entry.perms, id: own });
    } else if (schemes.get(scheme)?.isValid(id) === true)
      resolved.push({ perms: entry.perms, id: { scheme, id } });
    else return null;
  }
  return resolved;
}
