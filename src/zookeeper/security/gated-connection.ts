import type { Connection, ConnectionHandler, Endpoint } from '../../runtime/runtime.ts';

/** What happens on a connection before those who use it may speak. */
export interface Gate {
  /** The user wrote its first bytes. @returns whether those pass at once; whatever follows waits. */
  wrote(): boolean;
  /** Before anything was read. */
  begin(): void;
  /** All that was read and not yet dealt with. @returns what the user is to read once the gate is open; null: it is closed still. */
  read(gathered: Buffer): Buffer | null;
  /** The connection is gone. */
  gone(): void;
}

/** A connection that its user can't tell from a plain one, but that data flow only when the gate is open. */
export class GatedConnection implements Connection {
  private readonly real: Connection;
  private readonly gate: Gate;
  private handler: ConnectionHandler | null = null;
  private isOpen = false;
  private isFirst = true;
  private isPaused = false;
  private isEnding = false;
  private gathered: Buffer = Buffer.alloc(0);
  /** Written by the user too early. */
  private held: Buffer[] = [];
  /** Read before the gate opened, for the user. */
  private pending: Buffer | null = null;

  constructor(real: Connection, makeGate: (write: (bytes: Buffer) => void) => Gate) {
    this.real = real;
    this.gate = makeGate((bytes) => void real.write(bytes));
  }

  get local(): Endpoint {
    return this.real.local;
  }

  get remote(): Endpoint {
    return this.real.remote;
  }

  get bufferedBytes(): number {
    return this.real.bufferedBytes;
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    this.real.start({
      data: (bytes) => {
        if (this.isOpen) handler.data(bytes);
        else this.tryGate(bytes);
      },
      drained: () => handler.drained?.(),
      closed: (error) => {
        this.gate.gone();
        handler.closed(error);
      },
    });
    this.gate.begin();
  }

  write(bytes: Buffer): boolean {
    if (this.isOpen) return this.real.write(bytes);
    const isFirst = this.isFirst;
    this.isFirst = false;
    if (!isFirst || !this.gate.wrote()) this.held.push(bytes);
    else {
      this.real.write(bytes);
      this.gate.begin();
    }
    return true;
  }

  pause(): void {
    this.isPaused = true;
    if (this.isOpen) this.real.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (this.isOpen) this.deliver();
  }

  end(): void {
    this.isEnding = true;
    if (this.isOpen) this.real.end();
  }

  destroy(): void {
    this.real.destroy();
  }

  private tryGate(bytes: Buffer): void {
    this.gathered = this.gathered.length === 0 ? bytes : Buffer.concat([this.gathered, bytes]);
    const left = this.gate.read(this.gathered);
    if (left === null) return;
    this.isOpen = true;
    this.gathered = Buffer.alloc(0);
    for (const held of this.held.splice(0)) this.real.write(held);
    if (this.isEnding) this.real.end();
    if (left.length > 0) this.pending = left;
    if (this.isPaused) this.real.pause();
    else this.deliver();
  }

  private deliver(): void {
    const { pending } = this;
    this.pending = null;
    if (pending !== null) this.handler!.data(pending);
    if (!this.isPaused) this.real.resume();
  }
}
