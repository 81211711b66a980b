import type { Endpoint, Network } from '../../../../runtime/runtime.ts';
import { addressBehind, isReachable } from '../../network/reachability.ts';

/** Whether the address in use, of numbers, can't be reached any more while another of the leader's can. */
export async function wayLost(
  network: Network,
  places: readonly Endpoint[],
  inUse: string,
  timeoutMs: number,
): Promise<boolean> {
  const used = await addressBehind(network, places, inUse);
  const others = places.filter((place) => place !== used);
  const answers = [{ host: inUse, port: used.port }, ...others].map((at) =>
    isReachable(network, at, timeoutMs),
  );
  const [isUsedThere, ...areOthersThere] = await Promise.all(answers);
  return isUsedThere !== true && areOthersThere.includes(true);
}
