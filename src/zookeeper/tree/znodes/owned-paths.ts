import { ownerKind } from './owner.ts';

const NONE: ReadonlySet<string> = new Set();

/** The znodes that don't stay by themselves: ephemerals by their sessions; containers and TTL nodes. */
export class OwnedPaths {
  /** Containers and TTL nodes. */
  readonly temporary = new Set<string>();
  private readonly sessions = new Map<bigint, Set<string>>();

  /** Of each session that has any. */
  get bySession(): ReadonlyMap<bigint, ReadonlySet<string>> {
    return this.sessions;
  }

  of(sessionId: bigint): ReadonlySet<string> {
    return this.sessions.get(sessionId) ?? NONE;
  }

  get ephemeralCount(): number {
    let count = 0;
    for (const paths of this.sessions.values()) count += paths.size;
    return count;
  }

  add(path: string, owner: bigint): void {
    if (ownerKind(owner) !== 'session') this.temporary.add(path);
    else {
      const paths = this.sessions.get(owner);
      if (paths === undefined) this.sessions.set(owner, new Set([path]));
      else paths.add(path);
    }
  }

  delete(path: string, owner: bigint): void {
    this.temporary.delete(path);
    const paths = this.sessions.get(owner);
    if (paths === undefined) return;
    paths.delete(path);
    if (paths.size === 0) this.sessions.delete(owner);
  }

  /** They are the caller's now: the session is over. */
  take(sessionId: bigint): Set<string> {
    const paths = this.sessions.get(sessionId) ?? new Set();
    this.sessions.delete(sessionId);
    return paths;
  }

  clear(): void {
    this.temporary.clear();
    this.sessions.clear();
  }
}
