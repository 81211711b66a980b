import type { Runtime } from '../../runtime/runtime.ts';
import { decodeConfigChange } from '../controller/znodes/config-znode.ts';
import { ChangeNotifications } from '../controller/znodes/change-notifications.ts';
import type { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import { paths } from '../controller/znodes/paths.ts';
import type { LogConfig } from '../log/log-config.ts';
import type { Settings, Texts } from './config/settings.ts';
import { topicLogConfig } from './config/topic-config.ts';

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
  private readonly notifications: ChangeNotifications;

  constructor(runtime: Runtime, zk: KafkaZooKeeper, brokerId: number, settings: Settings) {
    this.runtime = runtime;
    this.zk = zk;
    this.brokerId = brokerId;
    this.current = settings;
    this.notifications = new ChangeNotifications(runtime.clock, runtime.log, zk.connection, {
      parent: paths.configChanges,
      prefix: 'config_change_',
      handle: (path, data) => this.reread(decodeConfigChange(path, data)),
    });
  }

  /** The broker's settings as they are now. */
  get settings(): Settings {
    return this.current;
  }

  onChange(listener: ConfigListener): void {
    this.listeners.push(listener);
  }

  /** Reads everything and follows changes from then on, beginning with those that were told lately. */
  async start(): Promise<void> {
    await this.readBroker();
    const topics = await this.zk.configuredEntities('topics');
    await Promise.all(topics.map((topic) => this.readTopic(topic)));
    await this.notifications.start();
  }

  stop(): void {
    this.notifications.stop();
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
}
