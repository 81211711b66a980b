import type { Connection, ConnectionHandler, Endpoint } from '../runtime.ts';
import { call, type Life, type Mortal } from './life.ts';

/**
 * A connection with the outside, given to a process on a host: its ends are called what they are on the virtual network, and it
 * ends with the process. The bytes go straight between the real socket and the process.
 */
export class MortalConnection implements Connection, Mortal {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  private readonly real: Connection;
  private readonly life: Life;

  constructor(real: Connection, life: Life, local: Endpoint, remote: Endpoint) {
    this.real = real;
    this.life = life;
    this.local = local;
    this.remote = remote;
    life.add(this);
  }

  get bufferedBytes(): number {
    return this.real.bufferedBytes;
  }

  start(handler: ConnectionHandler): void {
    const { life } = this;
    const lent = handler.lent?.bind(handler);
    this.real.start({
      data: (bytes) => {
        if (!life.alive) return;
        try {
          handler.data(bytes);
        } catch (error) {
          life.threw(error);
        }
      },
      ...(lent === undefined
        ? {}
        : {
            lent: (bytes: Buffer) => {
              if (!life.alive) return;
              try {
                lent(bytes);
              } catch (error) {
                life.threw(error);
              }
            },
          }),
      drained: () => {
        if (life.alive) call(life, () => handler.drained?.());
      },
      closed: (error) => {
        life.remove(this);
        if (life.alive) call(life, () => handler.closed(error));
      },
    });
  }

  write(bytes: Buffer): boolean {
    return this.life.alive && this.real.write(bytes);
  }

  onSent(run: () => void): void {
    if (this.life.alive) this.real.onSent?.(run);
  }

  pause(): void {
    this.real.pause();
  }

  resume(): void {
    this.real.resume();
  }

  end(): void {
    this.real.end();
  }

  destroy(): void {
    this.real.destroy();
  }

  die(): void {
    this.real.destroy();
  }
}
