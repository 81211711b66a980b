import type { Clock, Timer } from '../../runtime/runtime.ts';
import type { MetadataCache } from '../broker/metadata-cache.ts';

interface Wait {
  readonly isOver: () => boolean;
  readonly end: (inTime: boolean) => void;
  readonly timer: Timer;
}

/** Requests whose effect has to be in this broker's metadata before they are answered. Each ends at its own timeout. */
export class MetadataWaits {
  private readonly clock: Clock;
  private readonly waits = new Set<Wait>();

  constructor(clock: Clock, metadata: MetadataCache) {
    this.clock = clock;
    metadata.onChange(() => this.look());
  }

  /** True once `isOver` is; false when the time ran out, at once for a timeout ≤ 0. */
  until(isOver: () => boolean, timeoutMs: number): Promise<boolean> {
    if (timeoutMs <= 0) return Promise.resolve(false);
    if (isOver()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const wait: Wait = {
        isOver,
        end: (inTime) => {
          this.waits.delete(wait);
          wait.timer.cancel();
          resolve(inTime);
        },
        timer: this.clock.after(timeoutMs, () => wait.end(isOver())),
      };
      this.waits.add(wait);
    });
  }

  private look(): void {
    for (const wait of this.waits) if (wait.isOver()) wait.end(true);
  }
}

/** Whether all of the first `count` partitions of a topic have a leader here. */
export function hasLeaders(metadata: MetadataCache, topic: string, count: number): boolean {
  const partitions = metadata.partitions(topic);
  if (partitions === undefined) return false;
  for (let partition = 0; partition < count; partition++) {
    if ((partitions.get(partition)?.leader ?? -1) < 0) return false;
  }
  return true;
}
