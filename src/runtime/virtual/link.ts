import type { Clock } from '../runtime.ts';

/** The end of a connection that sends over a link. */
export interface Resettable {
  reset(): void;
}

/** What may be done to the way from one host to another. The way back is a link of its own. */
export class Link {
  /** ms that what is sent now takes; null: it arrives in the next turn. */
  delayMs: (() => number) | null = null;
  private watchers: ((bytes: Buffer) => void)[] = [];
  private broken = false;
  private readonly waiting = new Set<Channel>();
  private readonly ends = new Set<Resettable>();

  get isCut(): boolean {
    return this.broken;
  }

  /** `see` gets all bytes that enter the link. @returns what ends that. */
  watch(see: (bytes: Buffer) => void): () => void {
    this.watchers = [...this.watchers, see];
    return () => {
      this.watchers = this.watchers.filter((one) => one !== see);
    };
  }

  entered(parts: readonly Buffer[]): void {
    for (const see of this.watchers) for (const part of parts) see(part);
  }

  /** Nothing arrives any more, and nobody is told, as with a cable that was pulled. */
  cut(): void {
    this.broken = true;
  }

  /** What was sent meanwhile arrives now: TCP repeats it until it does. */
  heal(): void {
    if (!this.broken) return;
    this.broken = false;
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const channel of waiting) channel.resume();
  }

  /** Breaks all connections over the link: both their ends get ECONNRESET. */
  resetConnections(): void {
    for (const end of this.ends) end.reset();
  }

  add(end: Resettable): void {
    this.ends.add(end);
  }

  remove(end: Resettable): void {
    this.ends.delete(end);
  }

  /** Resumes `channel` when the link is whole again. */
  await(channel: Channel): void {
    this.waiting.add(channel);
  }
}

/** One direction of one connection over a link: what is sent arrives in its order. */
export class Channel {
  readonly link: Link;
  private readonly clock: Clock;
  private queue: { at: number; arrive: () => void }[] = [];
  private lastAt = 0;
  private armed = false;

  constructor(link: Link, clock: Clock) {
    this.link = link;
    this.clock = clock;
  }

  /** Calls `arrive` when what is sent is there: at once when nothing holds it up, so call this from a turn of your own. */
  send(arrive: () => void): void {
    const { delayMs, isCut } = this.link;
    if (delayMs === null && !isCut && this.queue.length === 0) {
      arrive();
      return;
    }
    const at = this.clock.monotonicMs() + (delayMs === null ? 0 : delayMs());
    this.lastAt = Math.max(this.lastAt, at);
    this.queue.push({ at: this.lastAt, arrive });
    this.resume();
  }

  resume(): void {
    if (this.armed || this.queue.length === 0) return;
    if (this.link.isCut) {
      this.link.await(this);
      return;
    }
    this.armed = true;
    this.clock.after(Math.max(0, this.queue[0]!.at - this.clock.monotonicMs()), this.pump);
  }

  private readonly pump = (): void => {
    this.armed = false;
    const now = this.clock.monotonicMs();
    while (this.queue.length > 0 && !this.link.isCut && this.queue[0]!.at <= now)
      this.queue.shift()!.arrive();
    this.resume();
  };
}
