import type { ZooKeeperConfig } from '../server/config/config.ts';
import type { MemberConfig } from '../server/config/server-line.ts';
import {
  NetworkError,
  type Connection,
  type Endpoint,
  type Listener,
  type Log,
  type Network,
} from '../../runtime/runtime.ts';

/** Listens at a member's own address; where that isn't an address of this host (behind a router, say), at all of its addresses. */
export async function listenAt(
  network: Network,
  log: Log,
  at: Endpoint,
  accept: (connection: Connection) => void,
): Promise<Listener> {
  try {
    return await network.listen(at, accept);
  } catch (error) {
    if (!(error instanceof NetworkError) || !['EADDRNOTAVAIL', 'ENOTFOUND'].includes(error.code)) throw error;
    log.warn(`${at.host} is no address of this host, so port ${at.port} is opened on all of them`);
    return network.listen({ host: '', port: at.port }, accept);
  }
}

/** Where a member listens for others: at its address, or everywhere when it has several. */
export function listenHost(
  { quorumListenOnAllIps }: Pick<ZooKeeperConfig, 'quorumListenOnAllIps'>,
  { addresses }: MemberConfig,
): string {
  return quorumListenOnAllIps || addresses.length > 1 ? '' : addresses[0]!.host;
}
