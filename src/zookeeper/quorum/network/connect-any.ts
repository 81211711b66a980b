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
  /** Of each try. */
  readonly timeoutMs: number;
  readonly keepAlive: boolean;
  /** What each address waits after a try that failed, before the next one; empty: each is tried once. */
  readonly pausesMs?: readonly number[];
  /** Hears of each try that was refused, and may end the others by `isWanted`. */
  readonly refused?: () => void;
  /** Asked before each further try, and before a connection is used. */
  readonly isWanted: () => boolean;
}

/**
 * A connection to whichever of a server's addresses answers first. They are tried in their order, and side by side from the moment that
 * one doesn't answer at once; those that come too late are closed. Rejects with a NetworkError when each has failed for the last time, or
 * one was tried again and again and refused each time: the server is there then, and takes nobody.
 */
export function connectAny(
  network: Network,
  { clock }: Pick<Runtime, 'clock'>,
  addresses: readonly Endpoint[],
  { timeoutMs, keepAlive, pausesMs = [], refused = () => {}, isWanted }: ConnectOptions,
): Promise<Connection> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let begun = 0;
    let failed = 0;
    const finish = (run: () => void): void => {
      if (isOver) return;
      isOver = true;
      run();
    };
    const beginNext = (): void => {
      const to = addresses[begun];
      if (isOver || to === undefined) return;
      begun += 1;
      attempt(to, 0);
    };
    const attempt = (to: Endpoint, tried: number): void => {
      const headStart = tried === 0 ? clock.after(HEAD_START_MS, beginNext) : null;
      network.connect(to, { timeoutMs, keepAlive }).then(
        (connection) => {
          headStart?.cancel();
          if (isOver || !isWanted()) connection.destroy();
          finish(() =>
            isWanted() ? resolve(connection) : reject(new NetworkError('ECANCELED', 'not wanted any more')),
          );
        },
        (error: unknown) => {
          headStart?.cancel();
          if (tried === 0) beginNext();
          const pauseMs = pausesMs[tried];
          if (isOver) return;
          const isRefused = error instanceof NetworkError && error.code === 'ECONNREFUSED';
          if (isRefused) refused();
          if (pauseMs !== undefined && isWanted()) {
            clock.after(pauseMs, () => {
              if (!isOver) attempt(to, tried + 1);
            });
            return;
          }
          failed += 1;
          if (failed === addresses.length || (isRefused && tried > 0) || !isWanted())
            finish(() => reject(error as Error));
        },
      );
    };
    beginNext();
  });
}
