/**
 * Kerberos 5 as programs use it: the GSS-API (RFC 2743, RFC 4121). It is the system's own library, which takes a native module that is
 * installed by whoever wants Kerberos; a runtime without it says so when it is asked.
 */
export interface Gssapi {
  /**
   * krb5Conf: the path of the configuration of Kerberos; '' is the system's own. It holds for the whole process: a second one is refused.
   * Throws a GssError when there is no Kerberos here.
   */
  open(krb5Conf: string): Kerberos;
}

export interface Kerberos {
  /** Of names without a realm; '' when the configuration has none. */
  readonly defaultRealm: string;
  /** Throws a GssError when there is no key of that principal. */
  acceptor(keys: Keytab): GssAcceptor;
  /** Throws a GssError when there is no key of that principal. The KDC isn't asked yet. */
  initiator(own: Keytab | TicketCache): GssInitiator;
}

export interface Keytab {
  readonly kind: 'keytab';
  /** name/host@REALM; `*`, for an acceptor: whichever the file has. */
  readonly principal: string;
  /** '' is the system's own. It is read anew for each exchange, so that keys may change. */
  readonly file: string;
}

/** Tickets that somebody else gets, as kinit does. */
export interface TicketCache {
  readonly kind: 'ticket cache';
  /** '' is the cache's own. */
  readonly principal: string;
  /** '' is the system's own. */
  readonly file: string;
}

/** The side that is asked for a service. */
export interface GssAcceptor {
  /** Asks nobody but the disk, and takes about 0.1 ms a step. */
  begin(): GssContext;
}

/** The side that asks. */
export interface GssInitiator {
  /**
   * service: the principal of the other side. Rejects with a GssError: the KDC doesn't answer, doesn't know the service, …
   * `token`: what to say first. The rest of the exchange asks nobody.
   */
  begin(service: string): Promise<{ readonly context: GssContext; readonly token: Buffer }>;
  /** The tickets got so far aren't used again: somebody refused one. */
  forget(): void;
}

/** One side of an exchange. */
export interface GssContext {
  /** Each side knows who the other is. */
  readonly isEstablished: boolean;
  /** Who asks, for the acceptor of an established context: name/host@REALM. */
  readonly peer: string;
  /** Takes what the other side said. @returns what to answer, or null. Throws a GssError; then all is over. */
  step(token: Buffer): Buffer | null;
  /** Proves where `message` comes from; it stays readable. */
  wrap(message: Buffer): Buffer;
  /** Throws a GssError when the other side didn't say that. */
  unwrap(token: Buffer): Buffer;
  /** Frees what it holds; may be called again. A context that nobody holds any more is freed, too, some time. */
  dispose(): void;
}

export class GssError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'GssError';
  }
}

/** For worlds without Kerberos. */
export const noGssapi: Gssapi = {
  open() {
    throw new GssError('there is no Kerberos in this runtime');
  },
};
