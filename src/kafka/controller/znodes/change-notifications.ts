import type { Clock, Log } from '../../../runtime/runtime.ts';
import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import type { ZooKeeperConnection } from './zookeeper-connection.ts';

/** Any broker removes notifications of that age. */
const KEPT_MS = 15 * 60 * 1000;

export interface NotificationsOptions {
  /** e.g. `/config/changes` */
  readonly parent: string;
  /** e.g. `config_change_` */
  readonly prefix: string;
  /** Called for one after the other. What it throws is logged: a broken notification must not stop the others. */
  handle(path: string, data: Buffer | null): Promise<void> | void;
}

/**
 * Reads numbered notifications that every broker acts upon: each once, in order, from all that are there at the start. They say
 * what changed; what it is now must be read from its own znode.
 */
export class ChangeNotifications {
  private readonly clock: Clock;
  private readonly log: Log;
  private readonly zk: ZooKeeperConnection;
  private readonly options: NotificationsOptions;
  private lastHandled = -1;
  private reading: Promise<void> | null = null;
  private again = false;
  private unwatch: (() => void) | null = null;

  constructor(clock: Clock, log: Log, zk: ZooKeeperConnection, options: NotificationsOptions) {
    this.clock = clock;
    this.log = log;
    this.zk = zk;
    this.options = options;
  }

  /** Resolves when all that is there now has been handled. */
  async start(): Promise<void> {
    this.unwatch = this.zk.watchChildren(this.options.parent, () => {
      this.look().catch((error: unknown) => {
        // On a new session it looks again.
        this.log.warn(`${this.options.parent} could not be read.`, { cause: String(error) });
      });
    });
    await this.look();
  }

  stop(): void {
    this.unwatch?.();
    this.unwatch = null;
  }

  private async look(): Promise<void> {
    this.again = true;
    this.reading ??= this.readAll().finally(() => {
      this.reading = null;
    });
    await this.reading;
  }

  private async readAll(): Promise<void> {
    while (this.again) {
      this.again = false;
      const { parent, prefix } = this.options;
      const names = (await this.zk.children(parent)) ?? [];
      const numbered = names
        .filter((name) => name.startsWith(prefix))
        .map((name) => ({ path: `${parent}/${name}`, number: Number(name.slice(prefix.length)) }))
        .sort((a, b) => a.number - b.number);
      for (const { path, number } of numbered) {
        if (number <= this.lastHandled) continue;
        await this.handle(path);
        this.lastHandled = number;
      }
      await Promise.all(numbered.map(({ path }) => this.removeOld(path)));
    }
  }

  private async handle(path: string): Promise<void> {
    const found = await this.zk.read(path);
    if (found === null) return;
    try {
      await this.options.handle(path, found.data);
    } catch (error) {
      this.log.error(`${path} could not be acted upon.`, { cause: String(error) });
    }
  }

  private async removeOld(path: string): Promise<void> {
    const stat = await this.zk.exists(path);
    if (stat === null || this.clock.wallMs() - stat.ctime < KEPT_MS) return;
    await this.zk.delete(path).catch((error: unknown) => {
      if (!isZooKeeperError(error, 'NoNode')) throw error;
    });
  }
}
