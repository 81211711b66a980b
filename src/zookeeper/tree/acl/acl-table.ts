import { openAcl, type Acl } from './acl.ts';

const OPEN = -1;

/** Each different ACL once: znodes keep a key. Keys are never used again; an ACL that no znode uses any more goes. */
export class AclTable {
  private readonly byKey = new Map<number, { acl: readonly Acl[]; text: string; uses: number }>();
  private readonly byText = new Map<string, number>();
  /** The largest key so far. */
  lastKey = 0;

  /** The key for `acl`, used once more. */
  use(acl: readonly Acl[]): number {
    if (acl === openAcl || isOpen(acl)) return OPEN;
    const text = JSON.stringify(acl.map((entry) => [entry.perms, entry.id.scheme, entry.id.id]));
    const known = this.byText.get(text);
    if (known !== undefined) {
      this.byKey.get(known)!.uses++;
      return known;
    }
    const key = ++this.lastKey;
    this.byText.set(text, key);
    this.byKey.set(key, { acl, text, uses: 1 });
    return key;
  }

  release(key: number): void {
    const entry = this.byKey.get(key);
    if (entry === undefined || --entry.uses > 0) return;
    this.byKey.delete(key);
    if (this.byText.get(entry.text) === key) this.byText.delete(entry.text);
  }

  /** Keys are not used again even so. */
  clear(): void {
    this.byKey.clear();
    this.byText.clear();
  }

  get(key: number): readonly Acl[] {
    return key === OPEN ? openAcl : this.byKey.get(key)!.acl;
  }

  /** From a snapshot: as yet unused. */
  load(key: number, acl: readonly Acl[]): void {
    const text = JSON.stringify(acl.map((entry) => [entry.perms, entry.id.scheme, entry.id.id]));
    this.byKey.set(key, { acl, text, uses: 0 });
    this.byText.set(text, key);
    this.lastKey = Math.max(this.lastKey, key);
  }

  /** A znode of a snapshot uses it. @returns whether it is there. */
  reuse(key: number): boolean {
    if (key === OPEN) return true;
    const entry = this.byKey.get(key);
    if (entry !== undefined) entry.uses++;
    return entry !== undefined;
  }

  /** After loading: what no znode uses goes. */
  dropUnused(): void {
    for (const [key, entry] of this.byKey) {
      if (entry.uses > 0) continue;
      this.byKey.delete(key);
      if (this.byText.get(entry.text) === key) this.byText.delete(entry.text);
    }
  }

  *entries(): IterableIterator<[number, readonly Acl[]]> {
    for (const [key, entry] of this.byKey) yield [key, entry.acl];
  }

  get size(): number {
    return this.byKey.size;
  }
}

function isOpen(acl: readonly Acl[]): boolean {
  const entry = acl[0];
  return acl.length === 1 && entry!.perms === 31 && entry!.id.scheme === 'world' && entry!.id.id === 'anyone';
}
