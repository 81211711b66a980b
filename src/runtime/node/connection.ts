import type { Socket } from 'node:net';
import type { Connection, ConnectionHandler, Endpoint } from '../runtime.ts';
import { joinParts } from '../join-parts.ts';
import type { PausedSocket, Reading } from './socket.ts';
import type { Flushable, Turn } from './turn.ts';

/** From here on `write` asks its caller to stop. */
const HIGH_WATER_BYTES = 1024 * 1024;

/** How long a connection that was ended waits for the other side to end it, too. */
const LINGER_MS = 10_000;

/** A TCP connection over a socket of Node's. */
export class NodeConnection implements Connection, Flushable {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  private readonly socket: Socket;
  private readonly reading: Reading | null;
  private readonly turn: Turn;
  private handler: ConnectionHandler | null = null;
  private parts: Buffer[] = [];
  private gatheredBytes = 0;
  /** Who wants to know when `parts` are sent. */
  private sentListeners: (() => void)[] = [];
  private dirty = false;
  /** `write` returned false, and `drained` wasn't called since. */
  private blocked = false;
  private paused = false;
  /** Read, though paused. */
  private held: Buffer[] = [];
  private ending = false;
  private destroyed = false;
  private isClosed = false;
  private error: Error | undefined;

  /** ends: what the two ends are called, where the socket itself doesn't know. */
  constructor(
    { socket, reading }: PausedSocket,
    turn: Turn,
    ends: Pick<Connection, 'local' | 'remote'> = {
      local: { host: plainAddress(socket.localAddress), port: socket.localPort ?? 0 },
      remote: { host: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 },
    },
  ) {
    this.socket = socket;
    this.reading = reading;
    this.turn = turn;
    this.local = ends.local;
    this.remote = ends.remote;
    socket.on('error', (error) => (this.error = error));
    socket.on('drain', this.onDrain);
    socket.on('end', () => this.end());
    socket.on('close', () => this.onClose());
  }

  get bufferedBytes(): number {
    return this.gatheredBytes + this.socket.writableLength;
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    if (this.isClosed) {
      this.turn.soon(() => handler.closed(this.error));
      return;
    }
    if (this.reading === null) this.socket.on('data', this.received);
    else {
      this.reading.received = this.received;
      if (handler.lent !== undefined) this.reading.lent = this.lent;
    }
    if (!this.paused) this.socket.resume();
  }

  write(bytes: Buffer): boolean {
    if (this.ending || this.destroyed) return false;
    this.parts.push(bytes);
    this.gatheredBytes += bytes.length;
    if (!this.dirty) {
      this.dirty = true;
      this.turn.flushAtEnd(this);
    }
    if (this.gatheredBytes + this.socket.writableLength < HIGH_WATER_BYTES) return true;
    this.blocked = true;
    return false;
  }

  onSent(run: () => void): void {
    if (this.parts.length > 0) this.sentListeners.push(run);
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    if (this.handler === null) return;
    if (this.held.length > 0) this.turn.soon(this.deliverHeld);
    else this.socket.resume();
  }

  end(): void {
    if (this.ending || this.destroyed) return;
    this.ending = true;
    if (!this.dirty) {
      this.dirty = true;
      this.turn.flushAtEnd(this);
    }
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.parts = [];
    this.gatheredBytes = 0;
    this.socket.destroy();
  }

  /** Hands what the turn gathered to the socket. */
  flush(): void {
    this.dirty = false;
    const parts = this.parts;
    if (parts.length > 0 && !this.destroyed) {
      this.parts = [];
      const total = this.gatheredBytes;
      this.gatheredBytes = 0;
      const joined = joinParts(parts, total);
      const last = joined.length - 1;
      if (last > 0) this.socket.cork();
      for (let i = 0; i < last; i++) this.socket.write(joined[i]!);
      if (this.sentListeners.length === 0) this.socket.write(joined[last]!);
      else this.socket.write(joined[last]!, tell(this.sentListeners));
      this.sentListeners = [];
      if (last > 0) this.socket.uncork();
      // What the system took at once is followed by no event.
      if (this.blocked && !this.socket.writableNeedDrain) this.turn.soon(this.onDrain);
    }
    if (this.ending && !this.destroyed) {
      this.socket.end();
      this.linger();
    }
  }

  /** The other side is given time to read what was sent last and to close; then this side closes without it. */
  private linger(): void {
    const timer = setTimeout(() => this.socket.destroy(), LINGER_MS).unref();
    this.socket.once('close', () => clearTimeout(timer));
  }

  private readonly received = (bytes: Buffer): boolean => {
    if (this.destroyed) return false;
    // Node may read once more after a pause that follows a resume in the same turn.
    if (this.paused || this.held.length > 0) this.held.push(bytes);
    else this.handler!.data(bytes);
    return !this.paused;
  };

  private readonly lent = (bytes: Buffer): boolean => {
    if (this.destroyed) return false;
    if (this.paused || this.held.length > 0) this.held.push(Buffer.from(bytes));
    else this.handler!.lent!(bytes);
    return !this.paused;
  };

  private readonly deliverHeld = (): void => {
    while (this.held.length > 0 && !this.paused && !this.destroyed) this.handler!.data(this.held.shift()!);
    if (!this.paused && !this.destroyed) this.socket.resume();
  };

  private readonly onDrain = (): void => {
    if (!this.blocked || this.gatheredBytes > 0) return;
    this.blocked = false;
    if (!this.destroyed) this.handler?.drained?.();
  };

  private onClose(): void {
    this.isClosed = true;
    this.destroyed = true;
    this.handler?.closed(this.error);
  }
}

/** For the end of a write. */
function tell(listeners: readonly (() => void)[]): (error?: Error | null) => void {
  return (error) => {
    if (!error) for (const run of listeners) run();
  };
}

/** IPv4 as such, though it came to a socket for both kinds of addresses. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
