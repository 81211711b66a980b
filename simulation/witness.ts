import type { Runtime } from '../src/runtime/runtime.ts';
import { ZooKeeperClient } from '../src/zookeeper/client/client.ts';
import { ZooKeeperError } from '../src/zookeeper/client/errors.ts';

const SESSION_TIMEOUT_MS = 6000;
/** A server that lost what it told a client is refused by that client, or refuses it, until the session is over. */
const PATIENCE_MS = 20_000;

/** Writes to ZooKeeper, one znode after the other, and remembers what it was told is there. */
export class Witness {
  /** Called when a write was acknowledged. */
  onAcknowledged: (() => void) | null = null;
  private readonly runtime: Runtime;
  private readonly acknowledged: string[] = [];
  private client: ZooKeeperClient;
  private clientSince = 0;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
    this.client = this.connect();
  }

  async write(wanted: () => boolean): Promise<void> {
    for (let n = 0; wanted(); n++) {
      const path = `/witness-${n}`;
      try {
        await this.client.create(path, Buffer.from(String(n)));
        this.acknowledged.push(path);
        this.onAcknowledged?.();
        await this.pause(this.runtime.random.below(60));
      } catch (error) {
        if (error instanceof ZooKeeperError && error.name === 'NodeExists') continue;
        await this.pause(50);
        this.reconnect();
      }
    }
  }

  /** Sentences about what was acknowledged and isn't there, asked in a new session. */
  async whatIsWrong(): Promise<string[]> {
    await this.client.close().catch(() => undefined);
    for (;;) {
      const client = this.connect();
      try {
        const there = new Set(await client.getChildren('/'));
        const lost = this.acknowledged.filter((path) => !there.has(path.slice(1)));
        return lost.length === 0
          ? []
          : [`ZooKeeper lost ${lost.length} acknowledged writes, the first is ${lost[0]}`];
      } catch {
        await this.pause(100);
      } finally {
        await client.close().catch(() => undefined);
      }
    }
  }

  private connect(): ZooKeeperClient {
    this.clientSince = this.runtime.clock.monotonicMs();
    const client = new ZooKeeperClient(this.runtime, {
      servers: [{ host: 'zookeeper', port: 2181 }],
      sessionTimeoutMs: SESSION_TIMEOUT_MS,
    });
    client.start();
    return client;
  }

  private reconnect(): void {
    const { state } = this.client;
    const stuck = state !== 'connected' && this.runtime.clock.monotonicMs() - this.clientSince > PATIENCE_MS;
    if (state !== 'expired' && state !== 'closed' && !stuck) return;
    void this.client.close().catch(() => undefined);
    this.client = this.connect();
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.runtime.clock.after(ms, resolve));
  }
}
