import type { Clock, Connection, ConnectionHandler, Endpoint } from './runtime.ts';

/**
 * Looks at the first bytes of a connection that wasn't started, and gives it back as if nobody had. Null when it closes before or
 * says nothing for `timeoutMs`; in the latter case it is still open, and what comes of it is the caller's choice.
 */
export async function peek(
  connection: Connection,
  clock: Clock,
  timeoutMs: number,
): Promise<{ first: Buffer | null; connection: Connection }> {
  const peeked = new PeekedConnection(connection);
  const first = await new Promise<Buffer | null>((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve(null));
    peeked.onFirst = (bytes) => {
      timer.cancel();
      resolve(bytes);
    };
    peeked.begin();
  });
  return { first, connection: peeked };
}

class PeekedConnection implements Connection {
  onFirst: ((bytes: Buffer | null) => void) | null = null;
  private readonly real: Connection;
  private handler: ConnectionHandler | null = null;
  private first: Buffer | null = null;
  private isPaused = false;
  private isClosed = false;
  private error: Error | undefined;

  constructor(real: Connection) {
    this.real = real;
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

  begin(): void {
    this.real.start({
      data: (bytes) => {
        if (this.handler !== null && this.first === null) {
          this.handler.data(bytes);
          return;
        }
        this.first = this.first === null ? bytes : Buffer.concat([this.first, bytes]);
        // One read is enough to tell; the rest waits where it is.
        this.real.pause();
        this.tell(this.first);
      },
      drained: () => this.handler?.drained?.(),
      closed: (error) => {
        this.isClosed = true;
        this.error = error;
        this.tell(null);
        this.handler?.closed(error);
      },
    });
  }

  start(handler: ConnectionHandler): void {
    this.handler = handler;
    this.deliver();
    if (this.isClosed) handler.closed(this.error);
  }

  write(bytes: Buffer): boolean {
    return this.real.write(bytes);
  }

  pause(): void {
    this.isPaused = true;
    this.real.pause();
  }

  resume(): void {
    this.isPaused = false;
    this.deliver();
  }

  end(): void {
    this.real.end();
  }

  destroy(): void {
    this.real.destroy();
  }

  private deliver(): void {
    if (this.handler === null || this.isPaused) return;
    const { first } = this;
    this.first = null;
    if (first !== null) this.handler.data(first);
    if (!this.isPaused) this.real.resume();
  }

  private tell(first: Buffer | null): void {
    const { onFirst } = this;
    this.onFirst = null;
    onFirst?.(first);
  }
}
