import {
  NetworkError,
  type Connection,
  type Endpoint,
  type Listener,
  type Log,
  type Network,
} from '../../../runtime/runtime.ts';

type Accept = (connection: Connection) => void;

interface ListenOptions {
  /** On every address of this host, at the ports that are named. */
  readonly everywhere: boolean;
  /** Whether the system looks after connections that are silent for hours. */
  readonly keepAlive: boolean;
}

/**
 * Listens at each of a member's own addresses. Where one isn't an address of this host (behind a router, say), its port is opened on all
 * addresses that the host has. What can't be had is left out as long as others can: the last NetworkError is thrown when none can.
 */
export async function listenAt(
  network: Network,
  log: Log,
  places: readonly Endpoint[],
  { everywhere, keepAlive }: ListenOptions,
  accept: Accept,
): Promise<Listener[]> {
  const listeners: Listener[] = [];
  const failures: unknown[] = [];
  const open = async (at: Endpoint): Promise<void> => {
    listeners.push(await network.listen(at, accept, { keepAlive }));
  };
  for (const at of distinct(everywhere ? places.map(onAll) : places)) {
    const isOpen = listeners.some(({ endpoint }) => endpoint.port === at.port && endpoint.host === '');
    if (isOpen) continue;
    try {
      await open(at).catch(async (error: unknown) => {
        if (!isElsewhere(error)) throw error;
        log.warn(`${at.host} is no address of this host, so port ${at.port} is opened on all of them`);
        await closePort(listeners, at.port);
        await open(onAll(at));
      });
    } catch (error) {
      failures.push(error);
    }
  }
  if (listeners.length === 0) throw failures.at(-1);
  for (const error of failures)
    log.warn(`this server can't be reached at one of its addresses: ${String(error)}`);
  return listeners;
}

const onAll = ({ port }: Endpoint): Endpoint => ({ host: '', port });

function distinct(places: readonly Endpoint[]): Endpoint[] {
  return [...new Map(places.map((at) => [`${at.host} ${at.port}`, at])).values()];
}

function isElsewhere(error: unknown): boolean {
  return error instanceof NetworkError && ['EADDRNOTAVAIL', 'ENOTFOUND'].includes(error.code);
}

/** The whole port is about to be opened, of which a part is. */
async function closePort(listeners: Listener[], port: number): Promise<void> {
  for (const listener of listeners.filter(({ endpoint }) => endpoint.port === port)) {
    listeners.splice(listeners.indexOf(listener), 1);
    await listener.close();
  }
}
