import type { Connection, Endpoint, Listener, Runtime } from '../../runtime/runtime.ts';
import type { PeerCertificate, TlsConnection } from '../../runtime/tls.ts';
import type { ZooKeeperConfig } from '../server/config/config.ts';
import { tlsDoor } from './tls-door.ts';
import { TlsKeys } from './tls-keys.ts';

type Accept = (connection: Connection, tls: TlsConnection | null) => void;

/** The ports that clients connect to: a plain one, one for TLS, or both. */
export class ClientPorts {
  private readonly runtime: Runtime;
  private readonly config: ZooKeeperConfig;
  private readonly accept: Accept;
  private readonly keys: TlsKeys | null;
  private plain: Listener | null = null;
  private secure: Listener | null = null;
  private isClosed = false;

  private constructor(runtime: Runtime, config: ZooKeeperConfig, accept: Accept) {
    const { security } = config;
    this.runtime = runtime;
    this.config = config;
    this.accept = accept;
    const wantsTls = security.secureClientPort !== null || security.clientPortUnification;
    this.keys = wantsTls ? new TlsKeys(runtime, security.client, 'ssl.', security.clientCertReload) : null;
  }

  /**
   * Rejects with a NetworkError, or with a SecurityError when the keys for TLS can't be used.
   * `accept`: `tls` is the same connection, if it speaks TLS.
   */
  static async open(runtime: Runtime, config: ZooKeeperConfig, accept: Accept): Promise<ClientPorts> {
    const ports = new ClientPorts(runtime, config, accept);
    const { secureClientPort, secureClientPortAddress, clientPortUnification } = config.security;
    try {
      if (config.clientPort >= 0)
        ports.plain = await ports.listen(
          { host: config.clientPortAddress, port: config.clientPort },
          clientPortUnification,
          true,
        );
      if (secureClientPort !== null)
        ports.secure = await ports.listen(
          { host: secureClientPortAddress, port: secureClientPort },
          true,
          false,
        );
      return ports;
    } catch (error) {
      await ports.close();
      throw error;
    }
  }

  /** Where clients connect without TLS, or else with. */
  get endpoint(): Endpoint {
    return (this.plain ?? this.secure)!.endpoint;
  }

  /** Null: there is no port for TLS alone. */
  get secureEndpoint(): Endpoint | null {
    return this.secure?.endpoint ?? null;
  }

  /** "port 2181 and port 2182 (with TLS)" */
  get sentence(): string {
    const { plain, secure, config } = this;
    const both = config.security.clientPortUnification ? ' (with TLS or without)' : '';
    return [
      ...(plain === null ? [] : [`port ${plain.endpoint.port}${both}`]),
      ...(secure === null ? [] : [`port ${secure.endpoint.port} (with TLS)`]),
    ].join(' and ');
  }

  /** Clients without TLS come there from now on, and who is connected stays. Rejects with a NetworkError; all is as before then. */
  async move(to: Endpoint): Promise<void> {
    const old = this.plain;
    const takesTls = this.config.security.clientPortUnification;
    // Of one port on two addresses, one of which may be all of them, there can't be both.
    const mustGoFirst = old?.endpoint.port === to.port;
    if (mustGoFirst) await old.close();
    try {
      await this.openPlain(to, takesTls);
    } catch (error) {
      if (mustGoFirst) await this.openPlain(old.endpoint, takesTls);
      throw error;
    }
    if (!mustGoFirst) await old?.close();
  }

  private async openPlain(at: Endpoint, takesTls: boolean): Promise<void> {
    const listener = await this.listen(at, takesTls, true);
    if (this.isClosed) await listener.close();
    else this.plain = listener;
  }

  /** Takes no new connections; those that are there stay. */
  async close(): Promise<void> {
    this.isClosed = true;
    this.keys?.stop();
    await this.plain?.close();
    await this.secure?.close();
  }

  private listen(at: Endpoint, takesTls: boolean, takesPlain: boolean): Promise<Listener> {
    const { runtime, config, keys, accept } = this;
    const { client, handshakeLimit } = config.security;
    const { clientPortListenBacklog: backlog, clientTcpKeepAlive: keepAlive } = config;
    const enter =
      keys !== null && takesTls
        ? tlsDoor(
            runtime,
            {
              name: takesPlain ? 'the client port' : 'the secure client port',
              keys,
              takesPlain,
              limit: handshakeLimit,
              ...(checksAddress(client) && { fits: isForItsAddress }),
            },
            accept,
          )
        : (connection: Connection) => accept(connection, null);
    return runtime.network.listen(at, enter, { keepAlive, ...(backlog > 0 && { backlog }) });
  }
}

const checksAddress = (tls: ZooKeeperConfig['security']['client']): boolean =>
  tls.hostnameVerification && tls.clientHostnameVerification;

async function isForItsAddress(certificate: PeerCertificate, connection: Connection): Promise<boolean> {
  return certificate.isFor(connection.remote.host);
}
