/** What the client's callers see. zxids and session ids use all 64 bits: bigint. */

export interface Stat {
  readonly czxid: bigint;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
  /** ms since 1970 */
  readonly ctime: number;
  readonly mtime: number;
  readonly version: number;
  readonly cversion: number;
  readonly aversion: number;
  /** The session that holds an ephemeral node, 0 for all others. */
  readonly ephemeralOwner: bigint;
  readonly dataLength: number;
  readonly numChildren: number;
}

export interface Acl {
  /** Sum of `Permission`s. */
  readonly perms: number;
  readonly id: { readonly scheme: string; readonly id: string };
}

export const Permission = { READ: 1, WRITE: 2, CREATE: 4, DELETE: 8, ADMIN: 16, ALL: 31 } as const;

/** Everybody may do everything: the default of `create`. */
export const openAcl: readonly Acl[] = [{ perms: Permission.ALL, id: { scheme: 'world', id: 'anyone' } }];
/** Who made a node may do everything. The connection must be authenticated. */
export const creatorAcl: readonly Acl[] = [{ perms: Permission.ALL, id: { scheme: 'auth', id: '' } }];
/** Everybody may read: add it to `creatorAcl`. */
export const readAcl: readonly Acl[] = [{ perms: Permission.READ, id: { scheme: 'world', id: 'anyone' } }];

export type CreateMode =
  'persistent' | 'ephemeral' | 'persistentSequential' | 'ephemeralSequential' | 'container';

export type SessionState = 'connecting' | 'connected' | 'expired' | 'closed';

export interface WatchEvent {
  readonly type: 'created' | 'deleted' | 'changed' | 'children';
  readonly path: string;
}

/** Called once, for the first change. It survives reconnects; after expiry or close it is never called. */
export type Watcher = (event: WatchEvent) => void;

export interface AuthInfo {
  readonly scheme: string;
  readonly auth: Buffer;
}

export type MultiOp =
  | {
      readonly kind: 'create';
      readonly path: string;
      readonly data: Buffer | null;
      readonly mode?: CreateMode;
      readonly acl?: readonly Acl[];
    }
  | { readonly kind: 'delete'; readonly path: string; readonly version?: number }
  | {
      readonly kind: 'setData';
      readonly path: string;
      readonly data: Buffer | null;
      readonly version?: number;
    }
  | { readonly kind: 'check'; readonly path: string; readonly version: number };

/** In the order of the operations; `error` stands for each when one of them failed (0: came before the failure). */
export type MultiResult =
  | { readonly kind: 'create'; readonly path: string; readonly stat: Stat | null }
  | { readonly kind: 'delete' }
  | { readonly kind: 'setData'; readonly stat: Stat }
  | { readonly kind: 'check' }
  | { readonly kind: 'error'; readonly code: number };
