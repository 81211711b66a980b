import type { Runtime } from '../../../runtime/runtime.ts';
import type { TopicPartition } from '../../log/log-types.ts';
import { partitionsInWords } from '../changes-in-words.ts';
import type { IsrChange } from '../partition.ts';

/** ISRs that change together, as after a restart, are told of together. */
const GATHER_MS = 250;

/** Tells the log of ISR changes. */
export class IsrNews {
  private readonly runtime: Runtime;
  /** Not told yet, by their ISR. */
  private readonly untold = new Map<string, TopicPartition[]>();

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  changes({ topic, partition, isr }: IsrChange): void {
    if (this.untold.size === 0) this.runtime.clock.after(GATHER_MS, () => this.tell());
    const replicas = [...isr].sort((a, b) => a - b).join(', ');
    const partitions = this.untold.get(replicas);
    if (partitions === undefined) this.untold.set(replicas, [{ topic, partition }]);
    else if (!partitions.some((one) => one.topic === topic && one.partition === partition))
      partitions.push({ topic, partition });
  }

  private tell(): void {
    for (const [replicas, partitions] of this.untold)
      this.runtime.log.info(`in-sync replicas of ${partitionsInWords(partitions)}: brokers ${replicas}`);
    this.untold.clear();
  }
}
