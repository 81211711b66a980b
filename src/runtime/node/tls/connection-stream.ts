import { Duplex } from 'node:stream';
import type { Connection } from '../../runtime.ts';

/** A connection as a stream of Node's, for what only takes those. */
export class ConnectionStream extends Duplex {
  private readonly connection: Connection;
  private proceed: (() => void) | null = null;

  constructor(connection: Connection) {
    super({ allowHalfOpen: true });
    this.connection = connection;
    connection.start({
      data: (bytes) => {
        if (!this.push(bytes)) connection.pause();
      },
      drained: () => this.goOn(),
      closed: (error) => {
        if (error === undefined) this.push(null);
        this.goOn();
        this.destroy(error);
      },
    });
  }

  override _read(): void {
    this.connection.resume();
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.connection.write(bytes)) done();
    else this.proceed = done;
  }

  override _final(done: () => void): void {
    this.connection.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // What was ended is given the time to be sent.
    if (!this.writableFinished) this.connection.destroy();
    done(error);
  }

  private goOn(): void {
    const { proceed } = this;
    this.proceed = null;
    proceed?.();
  }
}
