/** Something that happens at a virtual time. */
export interface Event {
  readonly at: number;
  /** Among events of one time the order in which they were planned. */
  readonly number: number;
  run: (() => void) | null;
}

/**
 * Events by time. Cancelled ones (`run` is null) fall out when their time comes. Those for this very moment, about half of all, come in their
 * order anyway and wait in a line of their own; the others are a binary heap.
 */
export class EventQueue {
  private readonly heap: Event[] = [];
  private line: Event[] = [];
  private lineAt = 0;
  private planned = 0;
  /** The latest time that an event was taken from. */
  private now = -1;

  add(at: number, run: () => void): Event {
    const event: Event = { at, number: this.planned++, run };
    if (at === this.now) this.line.push(event);
    else this.push(event);
    return event;
  }

  /** The next event, which stays. */
  peek(): Event | undefined {
    for (;;) {
      const event = this.first();
      if (event === undefined || event.run !== null) return event;
      this.remove(event);
    }
  }

  pop(): Event | undefined {
    const event = this.first();
    if (event === undefined) return undefined;
    this.remove(event);
    this.now = event.at;
    return event;
  }

  private first(): Event | undefined {
    const waiting = this.line[this.lineAt];
    const later = this.heap[0];
    if (waiting === undefined) return later;
    return later === undefined || before(waiting, later) ? waiting : later;
  }

  private remove(first: Event): void {
    if (this.line[this.lineAt] !== first) {
      this.popHeap();
      return;
    }
    this.lineAt += 1;
    if (this.lineAt < this.line.length) return;
    this.line = [];
    this.lineAt = 0;
  }

  private push(event: Event): void {
    const { heap } = this;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = event;
  }

  private popHeap(): void {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
