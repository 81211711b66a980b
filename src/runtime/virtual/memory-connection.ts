import {
  NetworkError,
  type Clock,
  type Connection,
  type ConnectionHandler,
  type Endpoint,
} from '../runtime.ts';
import { joinParts } from '../join-parts.ts';
import { call, type Life, type Mortal } from './life.ts';
import type { Channel, Resettable } from './link.ts';

/** From here on `write` asks its caller to stop: what the other side has not taken counts. */
const HIGH_WATER_BYTES = 1024 * 1024;

/**
 * One end of a connection between two hosts of one process. Buffers pass by reference. It behaves as a TCP connection of the node
 * runtime does: an end that closes is answered by the other's, a killed process resets.
 */
export class MemoryConnection implements Connection, Mortal, Resettable {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  private readonly clock: Clock;
  private readonly life: Life;
  private readonly channel: Channel;
  private peer!: MemoryConnection;
  private handler: ConnectionHandler | null = null;
  /** Written in this turn. */
  private gathered: Buffer[] = [];
  private gatheredBytes = 0;
  /** Written, and not yet taken by the other side's handler. */
  private waitingBytes = 0;
  private scheduled = false;
  private blocked = false;
  /** Arrived, and not yet taken by the handler. */
  private inbox: Buffer[] = [];
  private paused = false;
  private delivering = false;
  private ending = false;
  private endSent = false;
  private endArrived = false;
  private isClosed = false;
  private error: Error | undefined;

  constructor(clock: Clock, life: Life, channel: Channel, local: Endpoint, remote: Endpoint) {
    this.clock = clock;
    this.life = life;
    this.channel = channel;
    this.local = local;
    this.remote = remote;
    life.add(this);
    channel.link.add(this);
  }

  static join(a: MemoryConnection, b: MemoryConnection): void {
    a.peer = b;
    b.peer = a;
  }

  get bufferedBytes(): number {
    return this.waitingBytes;
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    if (this.isClosed) this.tellClosed();
    else if (this.inbox.length > 0 || this.endArrived) this.clock.soon(this.deliver);
  }

  write(bytes: Buffer): boolean {
    if (this.ending || this.isClosed) return false;
    this.gathered.push(bytes);
    this.gatheredBytes += bytes.length;
    this.waitingBytes += bytes.length;
    this.schedule();
    if (this.waitingBytes < HIGH_WATER_BYTES) return true;
    this.blocked = true;
    return false;
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.inbox.length > 0 || this.endArrived) this.clock.soon(this.deliver);
  }

  end(): void {
    if (this.ending || this.isClosed) return;
    this.ending = true;
    this.schedule();
  }

  destroy(): void {
    if (this.isClosed) return;
    const peer = this.peer;
    this.clock.soon(() => this.channel.send(() => peer.arriveEnd()));
    this.close(undefined);
  }

  die(): void {
    if (this.isClosed) return;
    const peer = this.peer;
    this.isClosed = true;
    this.forget();
    if (this.life.silent) return;
    this.clock.soon(() => this.channel.send(() => peer.arriveReset()));
  }

  reset(): void {
    this.peer.arriveReset();
    this.arriveReset();
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.clock.soon(this.flush);
  }

  /** The end of a turn: what it gathered sets out. */
  private readonly flush = (): void => {
    this.scheduled = false;
    if (this.isClosed) return;
    const { peer, channel } = this;
    if (this.gathered.length > 0) {
      const parts = joinParts(this.gathered, this.gatheredBytes);
      this.gathered = [];
      this.gatheredBytes = 0;
      channel.link.entered(parts);
      channel.send(() => peer.arrive(parts));
    }
    if (this.ending && !this.endSent) {
      this.endSent = true;
      channel.send(() => peer.arriveEnd());
      this.closeWhenBothEnded();
    }
  };

  private arrive(parts: Buffer[]): void {
    if (this.isClosed) {
      // Nobody is there to take it: the sender learns that, if somebody is there to tell.
      if (this.life.silent) return;
      const peer = this.peer;
      this.channel.send(() => peer.arriveReset());
      return;
    }
    if (this.inbox.length === 0) this.inbox = parts;
    else this.inbox.push(...parts);
    this.deliver();
  }

  private arriveEnd(): void {
    if (this.isClosed) return;
    this.endArrived = true;
    this.deliver();
  }

  private arriveReset(): void {
    this.close(new NetworkError('ECONNRESET', 'the connection was reset by the other side'));
  }

  private readonly deliver = (): void => {
    const handler = this.handler;
    if (handler === null || this.delivering || this.isClosed) return;
    this.delivering = true;
    let next = 0;
    const inbox = this.inbox;
    try {
      while (next < inbox.length && !this.paused && !this.isClosed) {
        const part = inbox[next++]!;
        this.peer.taken(part.length);
        handler.data(part);
      }
    } catch (error) {
      this.life.threw(error);
    } finally {
      this.delivering = false;
      if (next === inbox.length) this.inbox = [];
      else inbox.splice(0, next);
    }
    if (this.endArrived && !this.paused && this.inbox.length === 0 && !this.isClosed) {
      this.end();
      this.closeWhenBothEnded();
    }
  };

  /** The other side's handler took bytes. */
  private taken(bytes: number): void {
    this.waitingBytes -= bytes;
    if (!this.blocked || this.waitingBytes > 0) return;
    this.blocked = false;
    this.clock.soon(() => {
      if (!this.isClosed && this.life.alive) call(this.life, () => this.handler?.drained?.());
    });
  }

  private closeWhenBothEnded(): void {
    if (this.endSent && this.endArrived && this.inbox.length === 0) this.close(undefined);
  }

  private close(error: Error | undefined): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.error = error;
    this.forget();
    this.life.remove(this);
    if (this.handler !== null) this.tellClosed();
  }

  private tellClosed(): void {
    this.clock.soon(() => {
      if (this.life.alive) call(this.life, () => this.handler?.closed(this.error));
    });
  }

  private forget(): void {
    this.channel.link.remove(this);
    this.gathered = [];
    this.gatheredBytes = 0;
    this.waitingBytes = 0;
    this.inbox = [];
  }
}
