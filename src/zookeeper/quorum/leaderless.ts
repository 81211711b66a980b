import type { Clock, Log } from '../../runtime/runtime.ts';
import type { Ensemble } from './configuration/ensemble.ts';

const FIRST_AFTER_MS = 5000;
const LONGEST_PAUSE_MS = 300_000;

/** While a server looks for a leader in vain it says so, ever more rarely. @returns what ends it. */
export function sayWhileLeaderless(
  clock: Clock,
  log: Log,
  sentence: (waitedMs: number) => string,
): () => void {
  const begunAtMs = clock.monotonicMs();
  let pauseMs = FIRST_AFTER_MS;
  const say = (): void => {
    log.warn(sentence(clock.monotonicMs() - begunAtMs));
    pauseMs = Math.min(pauseMs * 3, LONGEST_PAUSE_MS);
    timer = clock.after(pauseMs, say);
  };
  let timer = clock.after(pauseMs, say);
  return () => timer.cancel();
}

/** Who is missing, and why. `whyAbsent`: null for a server that is here. */
export function leaderlessSentence(
  self: number,
  { voters, verifier }: Ensemble,
  waitedMs: number,
  whyAbsent: (id: number) => string | null,
): string {
  const reasons = new Map(voters.filter((id) => id !== self).map((id) => [id, whyAbsent(id)]));
  const present = voters.filter((id) => (reasons.get(id) ?? null) === null);
  const absent = [...reasons.values()].filter((reason) => reason !== null);
  const what = `no leader was found for ${Math.round(waitedMs / 1000)} s`;
  const who =
    present.length === 0
      ? 'none is connected'
      : `${present.length === 1 ? 'only ' : ''}${present.join(', ')} ${present.length === 1 ? 'is' : 'are'} here`;
  if (verifier.hasQuorum(present))
    return `${what}, though of the voters ${voters.join(', ')} ${present.join(', ')} are here, which is a quorum${absent.map((reason) => `; ${reason}`).join('')}`;
  return `${what}: of the voters ${voters.join(', ')} ${who}, too few for a quorum; ${absent.join('; ')}`;
}
