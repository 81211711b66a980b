import type { Gssapi } from './gssapi.ts';
import type { Tls } from './tls.ts';

/**
 * The outside world, as servers see it. Everything that a server can't compute by itself comes in through this one interface:
 * `runtime/node` is the real machine, `runtime/virtual` puts hosts of their own on it, `runtime/simulated` is a seeded world in
 * virtual time. Nothing here knows ZooKeeper or Kafka, and servers import nothing of Node but `Buffer`.
 */
export interface Runtime {
  readonly clock: Clock;
  readonly network: Network;
  readonly tls: Tls;
  readonly gssapi: Gssapi;
  readonly files: Files;
  readonly random: Random;
  readonly digests: Digests;
  readonly codecs: Codecs;
  readonly log: Log;
}

/** Time. Tests and simulations move it; so no server asks anyone else what time it is. */
export interface Clock {
  /** ms since 1970. May jump in either direction. */
  wallMs(): number;
  /** ms with a fraction since an arbitrary point. Never goes back. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs` ms. */
  after(delayMs: number, run: () => void): Timer;
  /** Calls `run` once when all input of this turn has been handled: the place to flush what a turn gathered. */
  soon(run: () => void): void;
}

export interface Timer {
  cancel(): void;
}

/** A name or address, and a TCP port. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export interface Network {
  /** What this host is called on its network. */
  readonly hostName: string;
  /** The addresses of this host's own interfaces, loopback left out. */
  addresses(): string[];
  /** The addresses that a name stands for here. Rejects with a NetworkError `ENOTFOUND`. */
  resolve(host: string): Promise<string[]>;
  /**
   * Accepts connections. Host `''` or `0.0.0.0` is every interface, port 0 a free one (see `Listener.endpoint`).
   * Rejects with a NetworkError: `EADDRINUSE`, `EADDRNOTAVAIL`, `EACCES`, `ENOTFOUND`.
   */
  listen(at: Endpoint, accept: (connection: Connection) => void, options?: ListenOptions): Promise<Listener>;
  /** Rejects with a NetworkError: `ECONNREFUSED`, `ENOTFOUND`, `ETIMEDOUT`, `EHOSTUNREACH`. */
  connect(to: Endpoint, options?: ConnectOptions): Promise<Connection>;
}

export interface ListenOptions {
  /** Connections that wait to be accepted; default: the system's. */
  readonly backlog?: number;
  /** Whether the system asks now and then if the other side of a silent connection is still there (SO_KEEPALIVE). Default: no. */
  readonly keepAlive?: boolean;
}

export interface ConnectOptions {
  readonly timeoutMs?: number;
  readonly keepAlive?: boolean;
}

export interface Listener {
  readonly endpoint: Endpoint;
  /** Stops accepting; connections that are there stay. */
  close(): Promise<void>;
}

/** A TCP connection. Data comes only after `start`. */
export interface Connection {
  readonly local: Endpoint;
  /** `host` is always an address. */
  readonly remote: Endpoint;
  /** Bytes that were written but not yet taken by the network. */
  readonly bufferedBytes: number;
  /** Called once: from then on data flows. */
  start(handler: ConnectionHandler): void;
  /**
   * Queues bytes, which the caller must not change afterwards. All writes of a turn leave together.
   * @returns false when so much is waiting that the caller should stop until `drained`.
   */
  write(bytes: Buffer): boolean;
  /**
   * Calls `run` when the network has a copy of all that was written until now, so that its buffers may be used again. Whether it is
   * called when the connection closes before is left open; it never is where the other side is given the very buffers.
   */
  onSent?(run: () => void): void;
  /** Stops reading: the sender feels it. */
  pause(): void;
  resume(): void;
  /** Closes after all that was written is sent. */
  end(): void;
  /** Closes at once; what was not sent is lost. */
  destroy(): void;
}

export interface ConnectionHandler {
  /** Bytes as they came. The buffer is the handler's to keep. */
  data(bytes: Buffer): void;
  /**
   * Where a handler has it, a runtime may call it instead of `data`, with bytes that are right only until it returns: for handlers that copy
   * what they keep anyway.
   */
  lent?(bytes: Buffer): void;
  /** What was written has left, after a `write` that returned false. */
  drained?(): void;
  /** Called exactly once, also after own `end` and `destroy`. */
  closed(error?: Error): void;
}

export class NetworkError extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'NetworkError';
    this.code = code;
  }
}

/**
 * Files. Reads and writes go to the page cache and don't wait; only `sync` waits for the disk. Paths are absolute or relative
 * to the host's working directory, with `/`. Failures throw a FileError.
 */
export interface Files {
  /** `read`: must exist. `write`: read and write, made when absent. `create`: must not exist yet. */
  open(path: string, mode: 'read' | 'write' | 'create'): File;
  exists(path: string): boolean;
  /** Throws ENOENT when there is no such file. */
  stat(path: string): FileStat;
  /** Names in a folder, sorted. */
  list(folder: string): string[];
  /** Makes a folder and its parents. */
  makeFolder(path: string): void;
  /** Replaces `to` atomically. */
  rename(from: string, to: string): void;
  /** Removes a file, or a folder with all below it; nothing there is no error. */
  remove(path: string): void;
  /** Makes creations, renames and removals in a folder durable. */
  syncFolder(path: string): Promise<void>;
  /** An exclusive lock that other processes see and that ends with this one; null when somebody else has it. */
  lock(path: string): FileLock | null;
  /** Free and total bytes of the disk that holds `path`. */
  space(path: string): { freeBytes: number; totalBytes: number };
}

export interface FileStat {
  readonly sizeBytes: number;
  readonly isFolder: boolean;
  readonly modifiedMs: number;
}

export interface File {
  readonly path: string;
  /** Writes all of `bytes` at `position`. Throws ENOSPC, EIO, … */
  write(bytes: Buffer, position: number): void;
  /** Writes the buffers one after the other from `position` on. */
  writeAll(parts: readonly Buffer[], position: number): void;
  /** Reads up to `length` bytes into `target`. @returns how many; fewer only at the end of the file. */
  read(target: Buffer, targetStart: number, length: number, position: number): number;
  size(): number;
  truncate(sizeBytes: number): void;
  /** Reserves zeros up to `sizeBytes`, so that later writes needn't grow the file. */
  allocate(sizeBytes: number): void;
  /** Resolves when all that was written before the call is on the disk. */
  sync(): Promise<void>;
  close(): void;
}

export interface FileLock {
  release(): void;
}

export class FileError extends Error {
  readonly code: string;
  readonly path: string;
  constructor(code: string, path: string, message: string) {
    super(message);
    this.name = 'FileError';
    this.code = code;
    this.path = path;
  }
}

export interface Random {
  /** 0 ≤ n < 1. */
  float(): number;
  /** A whole number, 0 ≤ n < limit ≤ 2^48. */
  below(limit: number): number;
  /** Unpredictable bytes (in a simulation: seeded). */
  bytes(count: number): Buffer;
}

export type HashName =
  | 'md5'
  | 'sha1'
  | 'sha224'
  | 'sha256'
  | 'sha384'
  | 'sha512'
  | 'sha3-224'
  | 'sha3-256'
  | 'sha3-384'
  | 'sha3-512';

export interface Digests {
  hash(name: HashName, data: Buffer): Buffer;
  hmac(name: HashName, key: Buffer, data: Buffer): Buffer;
  /** CRC-32C (Castagnoli), as Kafka's record batches have it. `seed`: the sum of what stands before. */
  crc32c(data: Buffer, seed?: number): number;
  /** CRC-32 (IEEE), as Kafka's old messages and ZooKeeper's digests have it. */
  crc32(data: Buffer, seed?: number): number;
}

/**
 * Compression, in one go and synchronous, so that simulations stay deterministic. Decoders stop with a CodecError as soon as the
 * output would be larger than `maxBytes`, and before they allocate it.
 */
export interface Codecs {
  gzip(data: Buffer): Buffer;
  gunzip(data: Buffer, maxBytes: number): Buffer;
  /** A raw snappy block. */
  snappy(data: Buffer): Buffer;
  unsnappy(data: Buffer, maxBytes: number): Buffer;
  /** A raw lz4 block. */
  lz4Block(data: Buffer): Buffer;
  unlz4Block(data: Buffer, maxBytes: number): Buffer;
  zstd(data: Buffer): Buffer;
  unzstd(data: Buffer, maxBytes: number): Buffer;
}

export class CodecError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CodecError';
  }
}

/** A structured log. Messages are sentences for people; `fields` are for machines. Secrets never get here. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields that every line of it carries. */
  with(fields: LogFields): Log;
}

export type LogFields = Readonly<Record<string, string | number | boolean | bigint | null | undefined>>;
