/** After so many calls node's own loop gets a turn, so that signals and timers are served. */
const CALLS_BETWEEN_TURNS = 1000;

let calls = 0;

/**
 * Calls `run` when all promises that can settle have settled. Four times cheaper than `setImmediate`: node runs what `nextTick` got
 * from a promise's reaction once no reaction is left, without a turn of its loop.
 */
export function afterPromises(run: () => void): void {
  calls = (calls + 1) % CALLS_BETWEEN_TURNS;
  if (calls === 0) setImmediate(run);
  else queueMicrotask(() => process.nextTick(run));
}
