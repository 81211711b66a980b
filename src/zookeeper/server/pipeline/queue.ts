/** First in, first out, without moving what is inside. */
export class Queue<T> {
  length = 0;
  /** A ring; its size is a power of two. */
  private items: (T | undefined)[] = Array.from({ length: 16 });
  private head = 0;

  push(item: T): void {
    if (this.length === this.items.length) this.grow();
    this.items[(this.head + this.length) & (this.items.length - 1)] = item;
    this.length += 1;
  }

  peek(): T | undefined {
    return this.items[this.head];
  }

  get last(): T | undefined {
    return this.length === 0
      ? undefined
      : this.items[(this.head + this.length - 1) & (this.items.length - 1)];
  }

  shift(): T | undefined {
    const item = this.items[this.head];
    if (this.length === 0) return undefined;
    this.items[this.head] = undefined;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.length -= 1;
    return item;
  }

  /** The oldest first. */
  all(): T[] {
    const all: T[] = [];
    for (let i = 0; i < this.length; i++) all.push(this.items[(this.head + i) & (this.items.length - 1)]!);
    return all;
  }

  clear(): void {
    this.items = Array.from({ length: 16 });
    this.head = 0;
    this.length = 0;
  }

  private grow(): void {
    const all: (T | undefined)[] = this.all();
    this.items = all.concat(Array.from({ length: all.length }));
    this.head = 0;
  }
}
