import type { ControllerZooKeeper } from '../znodes/controller-zookeeper.ts';

/**
 * How the controller decides apart from doing: its decisions are generators. What they need of ZooKeeper they yield as data
 * (a `Call`) and go on with the answer; the shell makes the call and waits. So a decision reads from top to bottom, nothing is
 * awaited in it, and a test can answer in ZooKeeper's place.
 */
export type Work<T> = Generator<Call, T, unknown>;

type Store = Pick<
  ControllerZooKeeper,
  {
    [N in keyof ControllerZooKeeper]: ControllerZooKeeper[N] extends (...args: never[]) => Promise<unknown>
      ? N
      : never;
  }[keyof ControllerZooKeeper]
>;

/** An operation of ControllerZooKeeper, by name. */
export type Call = {
  [N in keyof Store]: { readonly op: N; readonly args: Parameters<Store[N]> };
}[keyof Store];

export function* call<N extends keyof Store>(
  op: N,
  ...args: Parameters<Store[N]>
): Work<Awaited<ReturnType<Store[N]>>> {
  return (yield { op, args } as unknown as Call) as Awaited<ReturnType<Store[N]>>;
}

/** Runs a decision against ZooKeeper. `between` is called before each call and at the end: what was decided so far may leave. */
export async function perform<T>(work: Work<T>, zk: ControllerZooKeeper, between: () => void): Promise<T> {
  for (let step = work.next(); ;) {
    between();
    if (step.done === true) return step.value;
    const { op, args } = step.value;
    let answer: unknown;
    try {
      answer = await (zk[op] as (...args: readonly unknown[]) => Promise<unknown>).apply(zk, args);
    } catch (error) {
      step = work.throw(error);
      continue;
    }
    step = work.next(answer);
  }
}
