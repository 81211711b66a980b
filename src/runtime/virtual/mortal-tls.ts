import type { Tls, TlsConnection } from '../tls.ts';
import type { Life } from './life.ts';
import { MortalConnection } from './mortal-connection.ts';

/** TLS for a process on a host: what it gives ends with the process. */
export function mortalTls(tls: Tls, life: Life): Tls {
  const own = (promise: Promise<TlsConnection>): Promise<TlsConnection> =>
    new Promise((resolve, reject) => {
      promise.then(
        (connection) => {
          if (life.alive) resolve(new MortalTlsConnection(connection, life));
          else connection.destroy();
        },
        (error: unknown) => {
          if (life.alive) reject(error as Error);
        },
      );
    });
  return {
    openStore: (bytes, password) => tls.openStore(bytes, password),
    context: (settings) => tls.context(settings),
    accept: (connection, context, options) => own(tls.accept(connection, context, options)),
    connect: (connection, context, hosts, options) => own(tls.connect(connection, context, hosts, options)),
  };
}

class MortalTlsConnection extends MortalConnection implements TlsConnection {
  readonly protocol: string;
  readonly cipherSuite: string;
  readonly peer: TlsConnection['peer'];

  constructor(real: TlsConnection, life: Life) {
    super(real, life, real.local, real.remote);
    this.protocol = real.protocol;
    this.cipherSuite = real.cipherSuite;
    this.peer = real.peer;
  }
}
