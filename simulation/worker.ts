/** A process that tells stories for `main.ts`: it is sent seeds, and answers each with what came of it. */
import { tell, type Outcome, type Subject } from './subjects.ts';

export interface Order {
  readonly subject: Subject;
  readonly seed: number;
  readonly count: number;
  readonly faultsSeconds: number;
}

/** Null: the order is done. */
export type Answer = { readonly seed: number; readonly outcome: Outcome } | null;

// Errors are common in stories, and where they come from is seen when one is told again alone.
Error.stackTraceLimit = 0;

process.on('message', (order: Order) => {
  void work(order);
});

async function work({ subject, seed: first, count, faultsSeconds }: Order): Promise<void> {
  const answer = (message: Answer): void => void process.send?.(message);
  for (let seed = first; seed < first + count; seed++)
    answer({ seed, outcome: await tell(subject, { seed, faultsSeconds }) });
  answer(null);
}
