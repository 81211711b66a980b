import type { Endpoint, Network } from '../../../../runtime/runtime.ts';
import { addressBehind, probe } from '../../network/reachability.ts';

/** Whether the address in use, of numbers, can't be reached any more while another of the leader's takes connections. */
export async function wayLost(
  network: Network,
  places: readonly Endpoint[],
  inUse: string,
  timeoutMs: number,
): Promise<boolean> {
  const used = await addressBehind(network, places, inUse);
  const others = places.filter((place) => place !== used);
  const answers = [{ host: inUse, port: used.port }, ...others].map((at) => probe(network, at, timeoutMs));
  const [ofUsed, ...ofOthers] = await Promise.all(answers);
  return ofUsed === 'silent' && ofOthers.includes('taken');
}
