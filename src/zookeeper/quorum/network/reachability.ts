import { NetworkError, type Endpoint, type Network } from '../../../runtime/runtime.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';

/** Whether connections to a server with several addresses are watched, and how long an address has to answer. */
export type ReachabilitySettings = Pick<
  ZooKeeperConfig,
  'multiAddressEnabled' | 'reachabilityCheckEnabled' | 'reachabilityCheckTimeoutMs'
>;

/** Where there is but one address, there is none that could be used instead. */
export function isChecked(
  { multiAddressEnabled, reachabilityCheckEnabled }: ReachabilitySettings,
  addresses: readonly unknown[],
): boolean {
  return multiAddressEnabled && reachabilityCheckEnabled && addresses.length > 1;
}

/**
 * What becomes of a connection to an address. `refused`: the machine is there, and nothing listens. A process that stands still still gets
 * its connections taken, so this is no test of servers but of the way to them.
 */
export async function probe(
  network: Network,
  at: Endpoint,
  timeoutMs: number,
): Promise<'taken' | 'refused' | 'silent'> {
  try {
    const connection = await network.connect(at, { timeoutMs });
    connection.destroy();
    return 'taken';
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return error.code === 'ECONNREFUSED' ? 'refused' : 'silent';
  }
}

/** Of a server's addresses the one that `host`, an address of numbers, stands for; the first when none does. */
export async function addressBehind(
  network: Network,
  addresses: readonly Endpoint[],
  host: string,
): Promise<Endpoint> {
  for (const address of addresses) {
    if (address.host === host) return address;
    const found = await network.resolve(address.host).catch((): string[] => []);
    if (found.includes(host)) return address;
  }
  return { host, port: addresses[0]!.port };
}
