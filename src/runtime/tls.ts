import type { Connection } from './runtime.ts';

/**
 * TLS over any connection of the runtime. Keys and certificates come as data: where they lie, and when they are read anew, is the
 * server's affair.
 */
export interface Tls {
  /** What a key or trust store holds: PEM, PKCS #12 or JKS, told by its bytes. Throws a TlsError, which never tells the password. */
  openStore(bytes: Buffer, password: string): KeyStore;
  /** Throws a TlsError when the settings can't be used: a key that isn't the certificate's, an unknown cipher suite, … */
  context(settings: TlsSettings): TlsContext;
  /**
   * The server's side of a handshake over a connection that wasn't started. Rejects with a TlsError; the connection is closed then.
   */
  accept(connection: Connection, context: TlsContext, options?: TlsOptions): Promise<TlsConnection>;
  /**
   * The client's side.
   * @param hosts names or addresses, of which the server's certificate must be for one; empty: its name isn't looked at.
   */
  connect(
    connection: Connection,
    context: TlsContext,
    hosts: readonly string[],
    options?: TlsOptions,
  ): Promise<TlsConnection>;
}

export interface TlsOptions {
  /** For the handshake. */
  readonly timeoutMs?: number;
}

/** All as PEM. */
export interface KeyStore {
  readonly key: string | null;
  /** That of the key first, then its issuer's and so on. */
  readonly chain: readonly string[];
  /** Whom a store vouches for when it is used as a trust store. */
  readonly trusted: readonly string[];
}

export type TlsVersion = 'TLSv1.2' | 'TLSv1.3';

export interface TlsSettings {
  /** PEM; null for a client without a certificate. */
  readonly key: string | null;
  readonly chain: readonly string[];
  readonly trusted: readonly string[];
  /** Revocation lists (PEM); with one, certificates without a list of their issuer are refused. */
  readonly revoked?: readonly string[];
  readonly versions: readonly TlsVersion[];
  /** By their standard names, as Java has them (TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256); null: the usual ones. */
  readonly cipherSuites: readonly string[] | null;
  /** Whether clients must show a certificate. Who shows one that isn't trusted is refused even with `want`. */
  readonly clientAuth: 'none' | 'want' | 'need';
}

/** Made by a runtime for its own use. */
export interface TlsContext {
  readonly settings: TlsSettings;
}

export interface TlsConnection extends Connection {
  /** TLSv1.2 or TLSv1.3 */
  readonly protocol: string;
  readonly cipherSuite: string;
  /** Trusted; null: a client without one. */
  readonly peer: PeerCertificate | null;
}

export interface PeerCertificate {
  /** As RFC 2253 writes it and Java's X500Principal.getName does: CN=ann,O=Example */
  readonly subject: string;
  /** Whether it is for a host of that name or address. */
  isFor(host: string): boolean;
}

export class TlsError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'TlsError';
  }
}

/** Whether a connection that begins with this byte wants TLS: a handshake record. No protocol of ours begins with it. */
export function beginsTls(byte: number): boolean {
  return byte === 0x16;
}

/** For worlds without TLS. */
export const noTls: Tls = {
  openStore: () => refuse(),
  context: () => refuse(),
  accept: () => refuse(),
  connect: () => refuse(),
};

function refuse(): never {
  throw new TlsError('there is no TLS in this runtime');
}
