import { expect, test } from 'vitest';
import type { Clock } from '../../runtime/runtime.ts';
import { GroupCommit } from './group-commit.ts';

/** A disk that is done when it is told so, in a world whose turns end when they are told so. */
class World {
  readonly done: number[] = [];
  readonly failures: unknown[] = [];
  readonly commit: GroupCommit;
  private readonly syncs: { resolve(): void; reject(error: Error): void }[] = [];
  private soon: (() => void)[] = [];

  constructor() {
    const clock: Pick<Clock, 'soon'> = { soon: (run) => void this.soon.push(run) };
    this.commit = new GroupCommit(
      () => new Promise<void>((resolve, reject) => this.syncs.push({ resolve, reject })),
      clock as Clock,
      (zxid) => this.done.push(zxid),
      (error) => this.failures.push(error),
    );
  }

  get running(): number {
    return this.syncs.length;
  }

  endTurn(): void {
    for (const run of this.soon.splice(0)) run();
  }

  async endSync(): Promise<void> {
    this.syncs.shift()!.resolve();
    await Promise.resolve();
    await Promise.resolve();
  }

  async failSync(): Promise<void> {
    this.syncs.shift()!.reject(new Error('the disk is broken'));
    await Promise.resolve();
    await Promise.resolve();
  }
}

test('all that is appended in a turn gets to the disk by one sync', async () => {
  const world = new World();
  world.commit.want(1);
  world.commit.want(2);
  expect(world.running).toBe(0);
  world.endTurn();
  expect(world.running).toBe(1);
  await world.endSync();
  expect(world.done).toEqual([2]);
  world.endTurn();
  expect(world.running).toBe(0);
});

test('what comes while the disk works waits for the next sync, and there is never more than one', async () => {
  const world = new World();
  world.commit.want(1);
  world.endTurn();
  world.commit.want(2);
  world.commit.want(3);
  world.endTurn();
  expect(world.running).toBe(1);
  await world.endSync();
  expect(world.done).toEqual([1]);
  expect(world.running).toBe(1);
  await world.endSync();
  expect(world.done).toEqual([1, 3]);
});

test('a disk that fails is told of, and nothing more is asked of it', async () => {
  const world = new World();
  world.commit.want(1);
  world.endTurn();
  await world.failSync();
  world.commit.want(2);
  world.endTurn();
  expect(world.failures).toHaveLength(1);
  expect(world.running).toBe(0);
  expect(world.done).toEqual([]);
});
