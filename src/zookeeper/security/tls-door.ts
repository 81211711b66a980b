import { peek } from '../../runtime/peeked-connection.ts';
import { RareWarnings } from '../../runtime/rare-warnings.ts';
import type { Connection, Runtime } from '../../runtime/runtime.ts';
import { TlsError, beginsTls, type PeerCertificate, type TlsConnection } from '../../runtime/tls.ts';
import type { TlsKeys } from './tls-keys.ts';

/** Who says nothing, or shakes hands, holds one of so many places. */
const MOST_HANDSHAKES = 1000;

export interface TlsDoorOptions {
  /** For messages: "the client port". */
  readonly name: string;
  readonly keys: TlsKeys;
  /** Whether connections without TLS come in, too. */
  readonly takesPlain: boolean;
  /** Places for handshakes; 0 or below: the usual number. */
  readonly limit?: number;
  /** Whether the certificate fits who comes with it. Without one: it does. */
  fits?(certificate: PeerCertificate, connection: Connection): Promise<boolean>;
}

/** Lets connections in to a port that speaks TLS, each when its handshake is over. `tls`: the same connection, if it speaks TLS. */
export function tlsDoor(
  runtime: Runtime,
  options: TlsDoorOptions,
  accept: (connection: Connection, tls: TlsConnection | null) => void,
): (connection: Connection) => void {
  const warnings = new RareWarnings(runtime.log, runtime.clock);
  const limit = options.limit !== undefined && options.limit > 0 ? options.limit : MOST_HANDSHAKES;
  /** The oldest first. */
  const waiting = new Set<Connection>();
  const enter = async (connection: Connection): Promise<void> => {
    const { keys, takesPlain, fits } = options;
    let begun = connection;
    if (takesPlain) {
      const peeked = await peek(connection, runtime.clock, keys.config.detectionTimeoutMs);
      begun = peeked.connection;
      if (peeked.first === null || !beginsTls(peeked.first[0]!)) {
        accept(begun, null);
        return;
      }
    }
    const secure = await runtime.tls.accept(begun, keys.context);
    if (fits !== undefined && secure.peer !== null && !(await fits(secure.peer, secure))) {
      secure.destroy();
      throw new TlsError(
        `the certificate of ${connection.remote.host} (${secure.peer.subject}) is not for that address`,
      );
    }
    accept(secure, secure);
  };
  return (connection) => {
    if (waiting.size >= limit) {
      // Whoever means it is done long before it is the oldest.
      const [oldest] = waiting;
      warnings.warn(
        'handshakes',
        `cut off ${oldest!.remote.host}: ${limit} handshakes are under way at ${options.name}`,
      );
      waiting.delete(oldest!);
      oldest!.destroy();
    }
    waiting.add(connection);
    enter(connection)
      .catch((error: unknown) => {
        if (!(error instanceof TlsError)) throw error;
        warnings.warn('failed', `${options.name}: ${error.message}`);
      })
      .finally(() => waiting.delete(connection));
  };
}
