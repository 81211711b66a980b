import type { ProducerIdBlock } from '../controller/znodes/producer-id-block.ts';

/** Takes the next block of ids for this broker alone. */
export type AllocateBlock = () => Promise<ProducerIdBlock>;

/** Hands out producer ids, each once in the cluster's life, from blocks that ZooKeeper gives. One block is asked for at a time. */
export class ProducerIds {
  private readonly allocate: AllocateBlock;
  private next = 0;
  private last = -1;
  private waiting: ((error: unknown) => void)[] = [];

  constructor(allocate: AllocateBlock) {
    this.allocate = allocate;
  }

  /** Rejects as `allocate` does when a new block is needed and can't be had. */
  async take(): Promise<number> {
    while (this.next > this.last) await this.anotherBlock();
    return this.next++;
  }

  private anotherBlock(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiting.push((error) => (error === undefined ? resolve() : reject(error as Error)));
      if (this.waiting.length > 1) return;
      this.allocate().then(
        ({ first, last }) => {
          this.next = first;
          this.last = last;
          this.wake(undefined);
        },
        (error: unknown) => this.wake(error),
      );
    });
  }

  private wake(error: unknown): void {
    const waiting = this.waiting;
    this.waiting = [];
    for (const run of waiting) run(error);
  }
}
