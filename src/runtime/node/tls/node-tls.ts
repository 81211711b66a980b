import { X509Certificate, randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import { TLSSocket, checkServerIdentity, connect, createSecureContext, type SecureContext } from 'node:tls';
import type { Connection } from '../../runtime.ts';
import {
  TlsError,
  type PeerCertificate,
  type Tls,
  type TlsConnection,
  type TlsContext,
  type TlsOptions,
  type TlsSettings,
} from '../../tls.ts';
import { NodeConnection } from '../connection.ts';
import type { Turn } from '../turn.ts';
import { opensslSuites } from './cipher-suites.ts';
import { ConnectionStream } from './connection-stream.ts';
import { openKeyStore } from './key-store.ts';
import { subjectOf } from './subject.ts';

const HANDSHAKE_MS = 30_000;

/** OpenSSL's, by way of node:tls. */
export function createNodeTls(turn: Turn): Tls {
  return {
    openStore: openKeyStore,
    context: (settings) => new NodeTlsContext(settings),
    accept: (connection, context, options) => accept(connection, contextOf(context), turn, options),
    connect: (connection, context, hosts, options) =>
      dial(connection, contextOf(context), hosts, turn, options),
  };
}

class NodeTlsContext implements TlsContext {
  readonly settings: TlsSettings;
  readonly secure: SecureContext;

  constructor(settings: TlsSettings) {
    this.settings = settings;
    const { key, chain, trusted, revoked, versions, cipherSuites } = settings;
    if (versions.length === 0) throw new TlsError('no TLS version is left');
    try {
      this.secure = createSecureContext({
        ...(key !== null && { key, cert: chain.join('\n') }),
        // Without a list, none of those that Node knows is meant.
        ca: [...trusted],
        ...(revoked !== undefined && revoked.length > 0 && { crl: [...revoked] }),
        minVersion: versions.includes('TLSv1.2') ? 'TLSv1.2' : 'TLSv1.3',
        maxVersion: versions.includes('TLSv1.3') ? 'TLSv1.3' : 'TLSv1.2',
        ...(cipherSuites !== null && { ciphers: opensslSuites(cipherSuites) }),
        sessionIdContext: randomBytes(16).toString('hex'),
      });
    } catch (error) {
      if (error instanceof TlsError) throw error;
      throw new TlsError(`the keys and certificates can't be used: ${(error as Error).message}`, error);
    }
  }
}

function contextOf(context: TlsContext): NodeTlsContext {
  if (!(context instanceof NodeTlsContext)) throw new TlsError('this context was made by another runtime');
  return context;
}

function accept(
  connection: Connection,
  { secure, settings }: NodeTlsContext,
  turn: Turn,
  options: TlsOptions = {},
): Promise<TlsConnection> {
  const socket = new TLSSocket(new ConnectionStream(connection), {
    isServer: true,
    secureContext: secure,
    requestCert: settings.clientAuth !== 'none',
    rejectUnauthorized: settings.clientAuth === 'need',
  });
  return settled(socket, 'secure', connection, turn, options, () => {
    if (settings.clientAuth === 'none') return null;
    const isAbsent = socket.getPeerX509Certificate() === undefined;
    return isAbsent && settings.clientAuth === 'want' ? null : verifyError(socket);
  });
}

function dial(
  connection: Connection,
  { secure }: NodeTlsContext,
  hosts: readonly string[],
  turn: Turn,
  options: TlsOptions = {},
): Promise<TlsConnection> {
  const [name] = hosts.filter((host) => isIP(host) === 0);
  const socket = connect({
    socket: new ConnectionStream(connection),
    secureContext: secure,
    ...(name !== undefined && { servername: name }),
    // Looked at below, so that the connection's own handler isn't set before it is wanted.
    rejectUnauthorized: false,
  });
  return settled(socket, 'secureConnect', connection, turn, options, () => {
    const error = verifyError(socket);
    if (error !== null || hosts.length === 0) return error;
    const problems = hosts.map((host) => checkServerIdentity(host, socket.getPeerCertificate()));
    return problems.includes(undefined) ? null : problems[0]!;
  });
}

/** Waits for the end of the handshake. `refuse` says then what is wrong with the other side. */
function settled(
  socket: TLSSocket,
  event: 'secure' | 'secureConnect',
  connection: Connection,
  turn: Turn,
  { timeoutMs = HANDSHAKE_MS }: TlsOptions,
  refuse: () => Error | null,
): Promise<TlsConnection> {
  const { host, port } = connection.remote;
  return new Promise((resolve, reject) => {
    const give = (reason: string, cause?: unknown): void => {
      clearTimeout(timer);
      socket.removeAllListeners();
      socket.on('error', () => {});
      socket.destroy();
      reject(new TlsError(`no TLS with ${host}:${port}: ${reason}`, cause));
    };
    const timer = setTimeout(() => give(`the handshake took more than ${timeoutMs} ms`), timeoutMs);
    socket.once('error', (error) => give(explained(error), error));
    socket.once('close', () => give('the other side closed the connection during the handshake'));
    socket.once(event, () => {
      const problem = refuse();
      if (problem !== null) {
        give(explained(problem), problem);
        return;
      }
      clearTimeout(timer);
      socket.removeAllListeners('error');
      socket.removeAllListeners('close');
      resolve(new NodeTlsConnection(socket, connection, turn));
    });
  });
}

/** What OpenSSL thinks of the other side's certificate. Node's types leave it out. */
function verifyError(socket: TLSSocket): Error | null {
  const { ssl } = socket as unknown as { ssl: { verifyError(): Error | null | undefined } };
  return ssl.verifyError() ?? null;
}

class NodeTlsConnection extends NodeConnection implements TlsConnection {
  readonly protocol: string;
  readonly cipherSuite: string;
  readonly peer: PeerCertificate | null;

  constructor(socket: TLSSocket, below: Connection, turn: Turn) {
    super({ socket, reading: null }, turn, { local: below.local, remote: below.remote });
    this.protocol = socket.getProtocol() ?? '';
    const cipher: { standardName?: string; name: string } = socket.getCipher();
    this.cipherSuite = cipher.standardName ?? cipher.name;
    const certificate = socket.getPeerX509Certificate();
    this.peer = certificate === undefined ? null : new NodePeerCertificate(certificate);
  }
}

class NodePeerCertificate implements PeerCertificate {
  readonly subject: string;
  private readonly certificate: X509Certificate;

  constructor(certificate: X509Certificate) {
    this.certificate = certificate;
    this.subject = subjectOf(certificate.raw);
  }

  isFor(host: string): boolean {
    return (
      (isIP(host) === 0 ? this.certificate.checkHost(host) : this.certificate.checkIP(host)) !== undefined
    );
  }
}

function explained(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  const sentences: Record<string, string> = {
    UNABLE_TO_GET_ISSUER_CERT: 'its certificate is missing, or its issuer is not in the trust store',
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "its certificate's issuer is not in the trust store",
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate's issuer is not in the trust store",
    SELF_SIGNED_CERT_IN_CHAIN: "its certificate's issuer is not in the trust store",
    DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed, and not in the trust store',
    CERT_HAS_EXPIRED: 'its certificate has expired',
    CERT_NOT_YET_VALID: 'its certificate is not valid yet',
    CERT_REVOKED: 'its certificate was revoked',
    ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE: 'it showed no certificate, and one is needed',
    ERR_SSL_NO_SHARED_CIPHER: 'no cipher suite is known to both sides',
    ERR_SSL_UNSUPPORTED_PROTOCOL: 'no TLS version is known to both sides',
    ERR_SSL_WRONG_VERSION_NUMBER: "it doesn't speak TLS",
    ERR_SSL_HTTP_REQUEST: 'it speaks HTTP without TLS',
  };
  return sentences[code] ?? error.message;
}
