import { RareWarnings } from '../../runtime/rare-warnings.ts';
import {
  NetworkError,
  type Clock,
  type ConnectOptions,
  type Connection,
  type Endpoint,
  type ListenOptions,
  type Listener,
  type Network,
  type Runtime,
} from '../../runtime/runtime.ts';
import { TlsError, type PeerCertificate } from '../../runtime/tls.ts';
import { GatedConnection } from './gated-connection.ts';
import type { SecurityConfig } from './config.ts';
import { Logins } from './sasl/logins.ts';
import { SaslError, type SaslClient, type SaslClients, type SaslServers } from './sasl/mechanism.ts';
import { saslForPeers, saslToPeers } from './sasl/mechanisms.ts';
import { LearnerGate, ServerGate, type GateContext, type Prelude } from './sasl/quorum-gates.ts';
import { tlsDoor } from './tls-door.ts';
import { TlsKeys } from './tls-keys.ts';

/** A ticket of Kerberos is had at once, or not at all. */
const TICKET_MS = 10_000;

/** The network as servers of an ensemble use it among each other: with TLS and SASL, where those are set up, and otherwise as it is. */
export interface PeerNetworks {
  readonly election: Network;
  readonly quorum: Network;
  /** Stops looking for new keys. */
  stop(): void;
}

interface PeerSecurity {
  readonly runtime: Runtime;
  readonly config: SecurityConfig;
  readonly warnings: RareWarnings;
  readonly keys: TlsKeys | null;
  readonly saslServers: SaslServers | null;
  readonly saslClients: SaslClients | null;
  /** The names of the servers of the ensemble. */
  hosts(): readonly string[];
}

/**
 * electionPrelude: what a server that dials the election port says before it authenticates.
 * Throws a SecurityError when keys or credentials can't be used.
 */
export function peerNetworks(
  runtime: Runtime,
  config: SecurityConfig,
  hosts: () => readonly string[],
  electionPrelude: Prelude,
): PeerNetworks {
  const { sslQuorum, quorumPortUnification, quorum, quorumCertReload, quorumSasl } = config;
  const takesTls = sslQuorum || quorumPortUnification;
  if (!takesTls && !quorumSasl.isEnabled)
    return { election: runtime.network, quorum: runtime.network, stop: () => {} };
  const logins = quorumSasl.isEnabled ? new Logins(runtime.files, config.jaasFile) : null;
  const saslServers = logins === null ? null : saslForPeers(runtime, logins, config, hosts);
  // Who needn't prove anything doesn't need to be anybody.
  const saslClients =
    logins !== null && quorumSasl.learnerRequires ? saslToPeers(runtime, logins, config) : null;
  const keys = takesTls ? new TlsKeys(runtime, quorum, 'ssl.quorum.', quorumCertReload) : null;
  const warnings = new RareWarnings(runtime.log, runtime.clock);
  const security: PeerSecurity = { runtime, config, warnings, keys, saslServers, saslClients, hosts };
  return {
    election: new PeerNetwork(security, 'the election port', electionPrelude),
    quorum: new PeerNetwork(security, 'the quorum port', null),
    stop: () => keys?.stop(),
  };
}

class PeerNetwork implements Network {
  private readonly security: PeerSecurity;
  private readonly name: string;
  private readonly prelude: Prelude | null;

  constructor(security: PeerSecurity, name: string, prelude: Prelude | null) {
    this.security = security;
    this.name = name;
    this.prelude = prelude;
  }

  get hostName(): string {
    return this.real.hostName;
  }

  addresses(): string[] {
    return this.real.addresses();
  }

  resolve(host: string): Promise<string[]> {
    return this.real.resolve(host);
  }

  listen(at: Endpoint, accept: (connection: Connection) => void, options?: ListenOptions): Promise<Listener> {
    const { runtime, keys, config } = this.security;
    const authenticated = (connection: Connection): void => accept(this.asServer(connection));
    if (keys === null) return this.real.listen(at, authenticated, options);
    const { hostnameVerification, clientHostnameVerification } = config.quorum;
    const door = tlsDoor(
      runtime,
      {
        name: this.name,
        keys,
        takesPlain: config.quorumPortUnification,
        ...(hostnameVerification &&
          clientHostnameVerification && { fits: (peer, from) => this.fits(peer, from) }),
      },
      authenticated,
    );
    return this.real.listen(at, door, options);
  }

  async connect(to: Endpoint, options: ConnectOptions = {}): Promise<Connection> {
    const connection = await this.secured(await this.real.connect(to, options), to, options);
    return this.asLearner(connection, to.host, options.timeoutMs);
  }

  private async secured(connection: Connection, to: Endpoint, options: ConnectOptions): Promise<Connection> {
    const { runtime, keys, config } = this.security;
    if (keys === null || !config.sslQuorum) return connection;
    const hosts = config.quorum.hostnameVerification ? [to.host, connection.remote.host] : [];
    try {
      return await runtime.tls.connect(connection, keys.context, hosts, options);
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      this.security.warnings.warn('tls', `${this.name} of ${to.host}: ${error.message}`);
      throw new NetworkError('ETLS', error.message);
    }
  }

  private get real(): Network {
    return this.security.runtime.network;
  }

  /** Whether it is for the address that it comes from, or for a server of the ensemble with that address. */
  private async fits(certificate: PeerCertificate, { remote }: Connection): Promise<boolean> {
    if (certificate.isFor(remote.host)) return true;
    for (const host of this.security.hosts()) {
      if (!certificate.isFor(host)) continue;
      const addresses = await this.real.resolve(host).catch((): string[] => []);
      if (addresses.includes(remote.host)) return true;
    }
    return false;
  }

  private asServer(connection: Connection): Connection {
    const { saslServers, config } = this.security;
    if (saslServers === null) return connection;
    const { serverRequires } = config.quorumSasl;
    return new GatedConnection(
      connection,
      (write) =>
        new ServerGate(this.gateContext(connection), write, saslServers(), serverRequires, this.prelude),
    );
  }

  private async asLearner(connection: Connection, host: string, timeoutMs = TICKET_MS): Promise<Connection> {
    const { saslClients, runtime, warnings } = this.security;
    if (saslClients === null) return connection;
    const hasPrelude = this.prelude !== null;
    let client: SaslClient;
    try {
      client = await inTime(runtime.clock, saslClients(host), timeoutMs);
    } catch (error) {
      connection.destroy();
      if (!(error instanceof SaslError)) throw error;
      warnings.warn('ticket', `${this.name} of ${host}: ${error.message}`);
      throw new NetworkError('ESASL', error.message);
    }
    return new GatedConnection(
      connection,
      (write) => new LearnerGate(this.gateContext(connection), write, client, hasPrelude),
    );
  }

  private gateContext(connection: Connection): GateContext {
    const { runtime, warnings } = this.security;
    return { runtime, warnings, place: connection.remote.host, cut: () => connection.destroy() };
  }
}

/** Rejects with a SaslError when it takes longer; what comes of it later is thrown away. */
function inTime(clock: Clock, made: Promise<SaslClient>, limitMs: number): Promise<SaslClient> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = clock.after(limitMs, () => {
      isLate = true;
      reject(new SaslError(`no ticket in ${limitMs} ms: the KDC doesn't answer`));
    });
    made.then(
      (client) => {
        timer.cancel();
        if (isLate) client.dispose?.();
        else resolve(client);
      },
      (error: unknown) => {
        timer.cancel();
        reject(error as Error);
      },
    );
  });
}
