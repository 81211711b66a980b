/** What the lean loads share. */

/** Of sorted numbers, rounded to 0.01; null when there are none. */
export function percentile(sorted: readonly number[], part: number): number | null {
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))];
  return value === undefined ? null : Math.round(value * 100) / 100;
}

export const until = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
