import {
  NetworkError,
  type Connection,
  type Endpoint,
  type Network,
  type Runtime,
} from '../../../runtime/runtime.ts';

/** So long an address has to itself before the next one is tried, too. */
const HEAD_START_MS = 50;

interface ConnectOptions {
  /** Of each. */
  readonly timeoutMs: number;
  readonly keepAlive: boolean;
}

/**
 * A connection to whichever of a server's addresses answers first. They are tried in their order, and side by side from the moment that
 * one doesn't answer at once; those that come too late are closed. Rejects with the NetworkError of the last one when none answers.
 */
export function connectAny(
  network: Network,
  { clock }: Pick<Runtime, 'clock'>,
  addresses: readonly Endpoint[],
  options: ConnectOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let underWay = 0;
    let next = 0;
    const tryNext = (): void => {
      const to = addresses[next];
      if (isOver || to === undefined) return;
      next += 1;
      underWay += 1;
      const headStart = clock.after(HEAD_START_MS, tryNext);
      network.connect(to, options).then(
        (connection) => {
          headStart.cancel();
          if (isOver) connection.destroy();
          else resolve(connection);
          isOver = true;
        },
        (error: unknown) => {
          underWay -= 1;
          headStart.cancel();
          if (isOver) return;
          if (next < addresses.length) tryNext();
          else if (underWay === 0) {
            isOver = true;
            reject(error instanceof Error ? error : new NetworkError('EIO', String(error)));
          }
        },
      );
    };
    if (addresses.length === 0) reject(new NetworkError('ENOTFOUND', 'the server has no address'));
    else tryNext();
  });
}
