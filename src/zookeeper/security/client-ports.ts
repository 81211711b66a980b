import type { Connection, Endpoint, Listener, Runtime } from '../../runtime/runtime.ts';
import type { PeerCertificate, TlsConnection } from '../../runtime/tls.ts';
import type { ZooKeeperConfig } from '../server/config.ts';
import { tlsDoor } from './tls-door.ts';
import { TlsKeys } from './tls-keys.ts';

export interface ClientPorts {
  /** Where clients connect without TLS, or else with. */
  readonly endpoint: Endpoint;
  /** Null: there is no port for TLS alone. */
  readonly secureEndpoint: Endpoint | null;
  /** "port 2181 and, with TLS, port 2182" */
  readonly sentence: string;
  /** Takes no new connections; those that are there stay. */
  close(): Promise<void>;
}

/**
 * Opens the ports for clients. Rejects with a NetworkError, or with a SecurityError when the keys for TLS can't be used.
 * `accept`: `tls` is the same connection, if it speaks TLS.
 */
export async function openClientPorts(
  runtime: Runtime,
  config: ZooKeeperConfig,
  accept: (connection: Connection, tls: TlsConnection | null) => void,
): Promise<ClientPorts> {
  const { security, clientPortListenBacklog } = config;
  const backlog = clientPortListenBacklog > 0 ? { backlog: clientPortListenBacklog } : {};
  const listeners: Listener[] = [];
  const wantsTls = security.secureClientPort !== null || security.clientPortUnification;
  const keys = wantsTls ? new TlsKeys(runtime, security.client, 'ssl.', security.clientCertReload) : null;
  const close = async (): Promise<void> => {
    keys?.stop();
    for (const listener of listeners) await listener.close();
  };
  const open = async (at: Endpoint, takesTls: boolean, takesPlain: boolean): Promise<Endpoint> => {
    const enter =
      keys !== null && takesTls
        ? tlsDoor(
            runtime,
            {
              name: takesPlain ? 'the client port' : 'the secure client port',
              keys,
              takesPlain,
              limit: security.handshakeLimit,
              ...(checksAddress(security.client) && { fits: isForItsAddress }),
            },
            accept,
          )
        : (connection: Connection) => accept(connection, null);
    const listener = await runtime.network.listen(at, enter, backlog);
    listeners.push(listener);
    return listener.endpoint;
  };
  try {
    const { clientPort, clientPortAddress } = config;
    const plain =
      clientPort < 0
        ? null
        : await open({ host: clientPortAddress, port: clientPort }, security.clientPortUnification, true);
    const { secureClientPort, secureClientPortAddress } = security;
    const secure =
      secureClientPort === null
        ? null
        : await open({ host: secureClientPortAddress, port: secureClientPort }, true, false);
    const named = [
      ...(plain === null
        ? []
        : [`port ${plain.port}${security.clientPortUnification ? ' (with TLS or without)' : ''}`]),
      ...(secure === null ? [] : [`${plain === null ? '' : 'and '}port ${secure.port} (with TLS)`]),
    ];
    return { endpoint: (plain ?? secure)!, secureEndpoint: secure, sentence: named.join(' '), close };
  } catch (error) {
    await close();
    throw error;
  }
}

const checksAddress = (tls: ZooKeeperConfig['security']['client']): boolean =>
  tls.hostnameVerification && tls.clientHostnameVerification;

async function isForItsAddress(certificate: PeerCertificate, connection: Connection): Promise<boolean> {
  return certificate.isFor(connection.remote.host);
}
