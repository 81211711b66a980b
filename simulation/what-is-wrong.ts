import { CHATTER } from './bystanders.ts';
import { topic, type Ledger, type ReadRecord } from './clients.ts';

/**
 * Sentences about what is read from a partition and shouldn't be so, or should and isn't. Its producer writes every batch until it is
 * acknowledged, so what is read of its records must be what was acknowledged, no more and no less. Chatter may be lost, but not doubled.
 * @param seen what a reader was given while things broke
 */
export function whatIsWrong(
  partition: number,
  { acknowledged }: Ledger,
  all: readonly ReadRecord[],
  seen: readonly ReadRecord[] = [],
): string[] {
  const place = `${topic}-${partition}`;
  const read = all.filter((r) => !r.value.startsWith(CHATTER));
  const there = new Set(all.map((r) => r.value));
  const lost = acknowledged.filter((value) => !there.has(value));
  const broken: string[] = [];
  if (lost.length > 0)
    broken.push(`${place} lost ${lost.length} acknowledged records, the first is ${lost[0]}`);
  if (there.size < all.length) broken.push(`${place} has ${all.length - there.size} records twice`);
  const wrong = read.findIndex((r, i) => r.value !== acknowledged[i]);
  if (broken.length === 0 && wrong >= 0)
    broken.push(
      `${place} has ${read[wrong]!.value} at offset ${read[wrong]!.offset}, where ${acknowledged[wrong] ?? 'nothing'} was acknowledged`,
    );
  const byOffset = new Map(all.map((r) => [r.offset, r.value]));
  const changed = seen.find((r) => byOffset.get(r.offset) !== r.value);
  if (changed !== undefined)
    broken.push(
      `${place} gave a reader ${changed.value} at offset ${changed.offset}, where now ${byOffset.get(changed.offset) ?? 'nothing'} is`,
    );
  return broken;
}
