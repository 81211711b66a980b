import { topic, type Ledger } from './clients.ts';

/**
 * Sentences about what is read from a partition and shouldn't be so, or should and isn't. Its producer writes every batch until it is
 * acknowledged, so what is read must be what was acknowledged, no more and no less.
 */
export function whatIsWrong(
  partition: number,
  { acknowledged }: Ledger,
  read: readonly { offset: number; value: string }[],
): string[] {
  const place = `${topic}-${partition}`;
  const there = new Set(read.map((r) => r.value));
  const lost = acknowledged.filter((value) => !there.has(value));
  const broken: string[] = [];
  if (lost.length > 0)
    broken.push(`${place} lost ${lost.length} acknowledged records, the first is ${lost[0]}`);
  if (there.size < read.length) broken.push(`${place} has ${read.length - there.size} records twice`);
  const wrong = read.findIndex((r, i) => r.value !== acknowledged[i]);
  if (broken.length === 0 && wrong >= 0)
    broken.push(
      `${place} has ${read[wrong]!.value} at offset ${read[wrong]!.offset}, where ${acknowledged[wrong] ?? 'nothing'} was acknowledged`,
    );
  return broken;
}
