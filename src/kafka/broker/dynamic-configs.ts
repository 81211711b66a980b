import type { Runtime } from '../../runtime/runtime.ts';
import { decodeConfigChange } from '../controller/znodes/config-znode.ts';
import type { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import { paths } from '../controller/znodes/paths.ts';
import type { LogConfig } from '../log/log-config.ts';
import type { Settings, Texts } from './config/settings.ts';
import { topicLogConfig } from './config/topic-config.ts';

const PREFIX = 'config_change_';
/** Notifications are kept so long, for brokers that were away for a moment; then whoever sees them removes them. */
const NOTIFICATION_LIFE_MS = 15 * 60_000;
const NONE: Texts = new Map();

export interface ConfigListener {
  /** What is set for this topic changed. */
  topicChanged?(topic: string): void;
  /** The broker's own settings changed, which topics without settings of their own share. */
  brokerChanged?(settings: Settings): void;
}

/**
 * Configuration that changes while the broker runs: what is set in ZooKeeper for topics, for this broker and for all brokers. It follows
 * `/config/changes`, whoever wrote there.
 */
export class DynamicConfigs {
  private readonly runtime: Runtime;
  private readonly zk: KafkaZooKeeper;
  private readonly brokerId: number;
  private readonly topics = new Map<string, Texts>();
  private readonly listeners: ConfigListener[] = [];
  private current: Settings;
  private lastSeen = -1;
  private following: Promise<void> = Promise.resolve();

  constructor(runtime: Runtime, zk: KafkaZooKeeper, brokerId: number, settings: Settings) {
    this.runtime = runtime;
    this.zk = zk;
    this.brokerId = brokerId;
    this.current = settings;
  }

  /** The broker's settings as they are now. */
  get settings(): Settings {
    return this.current;
  }

  onChange(listener: ConfigListener): void {
    this.listeners.push(listener);
  }

  /** Reads everything and follows changes from then on. */
  async start(): Promise<void> {
    this.zk.connection.watchChildren(paths.configChanges, () => this.follow());
    const names = (await this.zk.connection.children(paths.configChanges)) ?? [];
    this.lastSeen = Math.max(-1, ...names.map(sequence));
    await this.readBroker();
    const topics = await this.zk.configuredEntities('topics');
    await Promise.all(topics.map((topic) => this.readTopic(topic)));
  }

  /** What is set for a topic itself. */
  topic(topic: string): Texts {
    return this.topics.get(topic) ?? NONE;
  }

  logConfig(topic: string): LogConfig {
    return topicLogConfig(this.topic(topic), this.current);
  }

  /** Before logs of a topic are made: a new topic's settings come without a notification. */
  async readTopic(topic: string): Promise<void> {
    this.topics.set(topic, await this.zk.readConfig(`topics/${topic}`));
  }

  private async readBroker(): Promise<void> {
    const [own, all] = await Promise.all([
      this.zk.readConfig(`brokers/${this.brokerId}`),
      this.zk.readConfig('brokers/<default>'),
    ]);
    this.current = this.current.withDynamic(own, all);
  }

  private follow(): void {
    this.following = this.following
      .then(() => this.readNotifications())
      .catch((error: unknown) => {
        this.runtime.log.error(`changes of the configuration could not be read: ${String(error)}`);
      });
  }

  private async readNotifications(): Promise<void> {
    const names = (await this.zk.connection.children(paths.configChanges)) ?? [];
    const fresh = names
      .filter((name) => sequence(name) > this.lastSeen)
      .sort((a, b) => sequence(a) - sequence(b));
    const entities = new Set<string>();
    for (const name of fresh) {
      this.lastSeen = sequence(name);
      const path = `${paths.configChanges}/${name}`;
      const found = await this.zk.connection.read(path);
      if (found !== null) entities.add(decodeConfigChange(path, found.data));
    }
    for (const entity of entities) await this.reread(entity);
    await this.removeOld(names);
  }

  private async reread(entity: string): Promise<void> {
    if (entity === `brokers/${this.brokerId}` || entity === 'brokers/<default>') {
      await this.readBroker();
      for (const listener of this.listeners) listener.brokerChanged?.(this.current);
    }
    if (!entity.startsWith('topics/')) return;
    const topic = entity.slice('topics/'.length);
    await this.readTopic(topic);
    this.runtime.log.info(`the configuration of topic ${topic} changed`, { topic });
    for (const listener of this.listeners) listener.topicChanged?.(topic);
  }

  private async removeOld(names: readonly string[]): Promise<void> {
    const before = this.runtime.clock.wallMs() - NOTIFICATION_LIFE_MS;
    for (const name of names) {
      const path = `${paths.configChanges}/${name}`;
      const stat = await this.zk.connection.exists(path);
      if (stat !== null && stat.ctime < before) await this.zk.connection.delete(path).catch(() => undefined); // somebody else did
    }
  }
}

function sequence(name: string): number {
  return Number(name.slice(PREFIX.length));
}
