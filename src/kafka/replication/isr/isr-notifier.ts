import type { Runtime, Timer } from '../../../runtime/runtime.ts';
import type { TopicPartition } from '../../log/log-types.ts';

const CHECK_MS = 2500;
/** Quiet for so long: what has gathered is told. */
const QUIET_MS = 5000;
/** Told after so long, however busy it is. */
const LONGEST_MS = 60_000;

/**
 * Tells the controller whose ISR this broker changed. Changes are gathered first, as a follower that comes or goes changes many
 * partitions at once (KAFKA-2722).
 */
export class IsrNotifier {
  private readonly runtime: Runtime;
  private readonly notify: (partitions: readonly TopicPartition[]) => Promise<void>;
  private readonly gathered = new Map<string, TopicPartition>();
  private lastChangeMs = 0;
  private lastToldMs: number;
  private timer: Timer | null = null;

  constructor(runtime: Runtime, notify: (partitions: readonly TopicPartition[]) => Promise<void>) {
    this.runtime = runtime;
    this.notify = notify;
    this.lastToldMs = runtime.clock.monotonicMs();
  }

  changed(topic: string, partition: number): void {
    this.gathered.set(`${topic}:${partition}`, { topic, partition });
    this.lastChangeMs = this.runtime.clock.monotonicMs();
    this.timer ??= this.runtime.clock.after(CHECK_MS, () => this.check());
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
    this.gathered.clear();
  }

  private check(): void {
    this.timer = null;
    const now = this.runtime.clock.monotonicMs();
    if (now - this.lastChangeMs < QUIET_MS && now - this.lastToldMs < LONGEST_MS) {
      this.timer = this.runtime.clock.after(CHECK_MS, () => this.check());
      return;
    }
    const partitions = [...this.gathered.values()];
    this.gathered.clear();
    this.lastToldMs = now;
    this.notify(partitions).catch((error: unknown) => {
      this.runtime.log.warn(`the controller could not be told of changed ISRs: ${String(error)}`);
      for (const { topic, partition } of partitions) this.changed(topic, partition);
    });
  }
}
