import type { Endpoint, Runtime } from '../../runtime/runtime.ts';
import type {
  Acl,
  AuthInfo,
  CreateMode,
  MultiOp,
  MultiResult,
  SessionState,
  Stat,
  Watcher,
} from './types.ts';

export interface ZooKeeperClientOptions {
  servers: readonly Endpoint[];
  /** All paths are below it, e.g. `/kafka`. It must exist (or be created through a client without it). */
  chroot?: string;
  sessionTimeoutMs: number;
  auth?: readonly AuthInfo[];
  connectTimeoutMs?: number;
}

/**
 * A session with a ZooKeeper ensemble. Requests are pipelined and answered in order; calls made before the first connection
 * wait for it, later ones reject with ConnectionLoss while disconnected. `expired` is final.
 */
export declare class ZooKeeperClient {
  constructor(runtime: Runtime, options: ZooKeeperClientOptions);
  start(): void;
  /** Resolves when first connected. */
  connected(): Promise<void>;
  close(): Promise<void>;
  get sessionId(): bigint;
  get state(): SessionState;
  onState(listener: (state: SessionState) => void): void;
  create(
    path: string,
    data: Buffer | null,
    options?: { mode?: CreateMode; acl?: readonly Acl[] },
  ): Promise<{ path: string; stat: Stat | null }>;
  delete(path: string, version?: number): Promise<void>;
  exists(path: string, watcher?: Watcher): Promise<Stat | null>;
  getData(path: string, watcher?: Watcher): Promise<{ data: Buffer | null; stat: Stat }>;
  getChildren(path: string, watcher?: Watcher): Promise<string[]>;
  setData(path: string, data: Buffer | null, version?: number): Promise<Stat>;
  getAcl(path: string): Promise<{ acl: Acl[]; stat: Stat }>;
  setAcl(path: string, acl: readonly Acl[], aversion?: number): Promise<Stat>;
  sync(path: string): Promise<void>;
  multi(ops: readonly MultiOp[]): Promise<MultiResult[]>;
}
