/** Something that happens at a virtual time. */
export interface Event {
  readonly at: number;
  /** Among events of one time the order in which they were planned. */
  readonly number: number;
  run: (() => void) | null;
}

/** Events by time: a binary heap. Cancelled ones (`run` is null) fall out when their time comes. */
export class EventQueue {
  private readonly heap: Event[] = [];
  private planned = 0;

  add(at: number, run: () => void): Event {
    const event: Event = { at, number: this.planned++, run };
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
    return event;
  }

  /** The next event, which stays. */
  peek(): Event | undefined {
    while (this.heap.length > 0 && this.heap[0]!.run === null) this.pop();
    return this.heap[0];
  }

  pop(): Event | undefined {
    const { heap } = this;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
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
    return first;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
