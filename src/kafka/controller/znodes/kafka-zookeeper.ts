import type { Clock, Log, Runtime } from '../../../runtime/runtime.ts';
import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import type { TopicPartition } from '../topic-partition.ts';
import {
  decodeBrokerRegistration,
  encodeBrokerRegistration,
  type BrokerRegistration,
  type LiveBroker,
} from './broker-registration.ts';
import { ChangeNotifications } from './change-notifications.ts';
import {
  decodeConfig,
  decodeConfigChange,
  encodeConfig,
  encodeConfigChange,
  type ConfigOverrides,
} from './config-znode.ts';
import {
  decodeClusterId,
  decodeController,
  decodeControllerEpoch,
  encodeClusterId,
  encodeController,
  encodeControllerEpoch,
} from './controller-znode.ts';
import { encodeLogDirEvent, encodePartitionList } from './partition-lists.ts';
import {
  decodePartitionState,
  encodePartitionState,
  type PartitionState,
  type WrittenPartitionState,
} from './partition-state.ts';
import { paths, persistentPaths } from './paths.ts';
import {
  decodeProducerIdBlock,
  encodeProducerIdBlock,
  PRODUCER_ID_BLOCK_SIZE,
  type ProducerIdBlock,
} from './producer-id-block.ts';
import { decodeTopicAssignment, encodeTopicAssignment, type TopicAssignment } from './topic-assignment.ts';
import { ZooKeeperConnection, type ZooKeeperConnectionOptions } from './zookeeper-connection.ts';

/** How an ISR change ended: the znode's new version, or `conflict` (somebody else changed it, or it is gone). */
export type IsrUpdate =
  { readonly outcome: 'updated'; readonly version: number } | { readonly outcome: 'conflict' };

/** A won election: what all writes of the controller are fenced with. */
export interface ControllerTerm {
  readonly epoch: number;
  /** Version of `/controller_epoch` at the election. */
  readonly epochVersion: number;
}

/**
 * The cluster's state in ZooKeeper, by its meaning. Every broker uses it; what only a controller may write is in
 * `ControllerZooKeeper`. Operations repeat themselves over lost connections and reject with ZooKeeperError
 * (`SessionExpired`, `NoAuth`, …) or ZnodeFormatError.
 */
export class KafkaZooKeeper {
  readonly connection: ZooKeeperConnection;
  readonly log: Log;
  private readonly clock: Clock;
  private readonly random: Runtime['random'];

  constructor(runtime: Pick<Runtime, 'clock' | 'log' | 'random'>, options: ZooKeeperConnectionOptions) {
    this.clock = runtime.clock;
    this.log = runtime.log;
    this.random = runtime.random;
    this.connection = new ZooKeeperConnection(runtime.clock, runtime.log, options);
  }

  /** Connects, after making the chroot when it is missing. */
  start(): Promise<void> {
    return this.connection.start();
  }

  /** Ends the session: this broker's registration and a `/controller` of it vanish. */
  close(): Promise<void> {
    return this.connection.close();
  }

  /** First thing of every broker. */
  async createPersistentPaths(): Promise<void> {
    await Promise.all(persistentPaths.map((path) => this.connection.createWithParents(path)));
  }

  /** The id of the cluster: a random one when this is its first broker. 22 characters. */
  async clusterId(): Promise<string> {
    for (;;) {
      const known = await this.connection.read(paths.clusterId);
      if (known !== null) return decodeClusterId(known.data);
      const id = this.random.bytes(16).toString('base64url');
      if (await this.connection.createWithParents(paths.clusterId, encodeClusterId(id))) return id;
    }
  }

  /** An id for a broker that has none in its configuration: above `reservedMax`, never given twice. */
  async generateBrokerId(reservedMax: number): Promise<number> {
    const stat = await this.connection.setData(paths.brokerSequence, Buffer.alloc(0));
    return stat.version + reservedMax;
  }

  /**
   * Registers this broker for as long as the session lasts.
   * @param waitMs how long a znode of another session may still be there: one that a killed broker left until it expires.
   * @returns the broker epoch. Rejects with NodeExists when another broker has this id.
   */
  async registerBroker(registration: BrokerRegistration, waitMs = 0): Promise<bigint> {
    const path = paths.broker(registration.id);
    const data = encodeBrokerRegistration(registration);
    const deadline = this.clock.monotonicMs() + waitMs;
    for (let told = false; ;) {
      try {
        const results = await this.connection.multi([
          { kind: 'create', path, data: null, mode: 'ephemeral', acl: this.connection.aclFor(path) },
          { kind: 'setData', path, data },
        ]);
        const last = results[1];
        if (last?.kind === 'setData') return last.stat.czxid;
        throw new Error(`ZooKeeper answered the registration of broker ${registration.id} incompletely`);
      } catch (error) {
        if (!isZooKeeperError(error, 'NodeExists')) throw error;
        const stat = await this.connection.exists(path);
        if (stat === null) continue;
        if (stat.ephemeralOwner === this.connection.sessionId) return stat.czxid;
        if (this.connection.isOldSession(stat.ephemeralOwner)) {
          await this.connection.delete(path).catch(unless('NoNode'));
          continue;
        }
        if (this.clock.monotonicMs() >= deadline) throw error;
        if (!told) {
          this.log.info(
            `${path} is still there: this broker's earlier session 0x${stat.ephemeralOwner.toString(16)} hasn't ended, so it waits until ZooKeeper lets that expire (${waitMs / 1000} s at most)`,
          );
          told = true;
        }
        await new Promise<void>((resolve) => {
          this.clock.after(100, resolve);
        });
      }
    }
  }

  /** Replaces the registration, e.g. after a change of the listeners. The broker epoch stays. */
  async updateBrokerRegistration(registration: BrokerRegistration): Promise<void> {
    await this.connection.setData(paths.broker(registration.id), encodeBrokerRegistration(registration));
  }

  /** All live brokers. A registration that can't be understood is left out and logged. */
  async readBrokers(): Promise<LiveBroker[]> {
    const ids = (await this.connection.children(paths.brokerIds)) ?? [];
    const brokers = await Promise.all(ids.map((id) => this.readBroker(Number(id))));
    return brokers.filter((broker) => broker !== null).sort((a, b) => a.id - b.id);
  }

  async readBroker(id: number): Promise<LiveBroker | null> {
    const found = await this.connection.read(paths.broker(id));
    if (found === null || found.data === null) return null;
    try {
      return { ...decodeBrokerRegistration(id, found.data), epoch: found.stat.czxid };
    } catch (error) {
      this.log.error('A broker registered in a form that is not understood.', {
        broker: id,
        cause: String(error),
      });
      return null;
    }
  }

  /** Which broker is the controller; null while there is none. */
  async readController(): Promise<number | null> {
    const found = await this.connection.read(paths.controller);
    return found === null ? null : decodeController(found.data);
  }

  /** Tries to become controller. Null when another broker is or became it. */
  async electController(brokerId: number): Promise<ControllerTerm | null> {
    const before = await this.readControllerEpoch();
    const epoch = before.epoch + 1;
    try {
      const results = await this.connection.multi([
        {
          kind: 'create',
          path: paths.controller,
          data: encodeController(brokerId, this.clock.wallMs()),
          mode: 'ephemeral',
          acl: this.connection.aclFor(paths.controller),
        },
        {
          kind: 'setData',
          path: paths.controllerEpoch,
          data: encodeControllerEpoch(epoch),
          version: before.version,
        },
      ]);
      const last = results[1];
      return { epoch, epochVersion: last?.kind === 'setData' ? last.stat.version : before.version + 1 };
    } catch (error) {
      if (!isZooKeeperError(error, 'NodeExists') && !isZooKeeperError(error, 'BadVersion')) throw error;
    }
    // The multi may have been done before its answer was lost.
    const [controller, now] = await Promise.all([this.readController(), this.readControllerEpoch()]);
    return controller === brokerId && now.epoch === epoch ? { epoch, epochVersion: now.version } : null;
  }

  async readControllerEpoch(): Promise<{ epoch: number; version: number }> {
    for (;;) {
      const found = await this.connection.read(paths.controllerEpoch);
      if (found !== null) return { epoch: decodeControllerEpoch(found.data), version: found.stat.version };
      await this.connection.createWithParents(paths.controllerEpoch, encodeControllerEpoch(0));
    }
  }

  async readTopics(): Promise<string[]> {
    return (await this.connection.children(paths.topics)) ?? [];
  }

  async topicExists(topic: string): Promise<boolean> {
    return (await this.connection.exists(paths.topic(topic))) !== null;
  }

  /** Null when there is no such topic. */
  async readAssignment(topic: string): Promise<Map<number, number[]> | null> {
    const found = await this.connection.read(paths.topic(topic));
    return found === null ? null : decodeTopicAssignment(topic, found.data);
  }

  /**
   * Makes a topic: its config, then the assignment that the controller acts upon.
   * Rejects with NodeExists when the topic is there.
   */
  async createTopic(topic: string, assignment: TopicAssignment, config: ConfigOverrides): Promise<void> {
    const configPath = paths.config(`topics/${topic}`);
    const configData = encodeConfig(config);
    // In one round trip: whether an old config is there or not, the new one is there before the topic.
    await Promise.all([
      this.connection.setData(configPath, configData).catch(unless('NoNode')),
      this.connection.create(configPath, configData).catch(unless('NodeExists')),
      this.connection.create(paths.topic(topic), encodeTopicAssignment(assignment)),
    ]);
  }

  /** Replaces the assignment by one with more partitions. */
  async addPartitions(topic: string, assignment: TopicAssignment): Promise<void> {
    await this.connection.setData(paths.topic(topic), encodeTopicAssignment(assignment));
  }

  /** Asks the controller to delete a topic. Rejects with NodeExists when that was asked for. */
  async requestTopicDeletion(topic: string): Promise<void> {
    await this.connection.create(paths.deleteTopic(topic), null);
  }

  /** The topics whose deletion was asked for and isn't done. */
  async readTopicDeletions(): Promise<string[]> {
    return (await this.connection.children(paths.deleteTopics)) ?? [];
  }

  async isTopicDeletionRequested(topic: string): Promise<boolean> {
    return (await this.connection.exists(paths.deleteTopic(topic))) !== null;
  }

  /** Whether `/admin/reassign_partitions` asks for anything that isn't done yet. */
  async isReassigning(): Promise<boolean> {
    return (await this.connection.exists(paths.reassignPartitions)) !== null;
  }

  /** The states of many partitions in one round trip; null for each that has none. */
  readPartitionStates(partitions: readonly TopicPartition[]): Promise<(WrittenPartitionState | null)[]> {
    return Promise.all(
      partitions.map(async ({ topic, partition }) => {
        const found = await this.connection.read(paths.partitionState(topic, partition));
        if (found === null) return null;
        const { version, mzxid } = found.stat;
        return { ...decodePartitionState(topic, partition, found.data, version), zxid: mzxid };
      }),
    );
  }

  /**
   * The leader's change of the ISR, on the condition that the znode still has `expectedVersion`. Tell the controller
   * afterwards by `notifyIsrChanges`.
   */
  async updateIsr(
    topic: string,
    partition: number,
    state: PartitionState,
    expectedVersion: number,
  ): Promise<IsrUpdate> {
    const path = paths.partitionState(topic, partition);
    const data = encodePartitionState(state);
    try {
      const stat = await this.connection.setData(path, data, expectedVersion);
      return { outcome: 'updated', version: stat.version };
    } catch (error) {
      if (isZooKeeperError(error, 'NoNode')) return { outcome: 'conflict' };
      if (!isZooKeeperError(error, 'BadVersion')) throw error;
    }
    // The write may have been done before its answer was lost.
    const now = await this.connection.read(path);
    const ours = now !== null && now.stat.version === expectedVersion + 1 && now.data?.equals(data) === true;
    return ours ? { outcome: 'updated', version: now.stat.version } : { outcome: 'conflict' };
  }

  /** Tells the controller whose ISR changed. */
  async notifyIsrChanges(partitions: readonly TopicPartition[]): Promise<void> {
    const path = `${paths.isrChanges}/isr_change_`;
    await this.connection.create(path, encodePartitionList(partitions), 'persistentSequential');
  }

  /** Tells the controller that a log directory of this broker failed. */
  async notifyLogDirFailure(brokerId: number): Promise<void> {
    const path = `${paths.logDirEvents}/log_dir_event_`;
    await this.connection.create(path, encodeLogDirEvent(brokerId), 'persistentSequential');
  }

  /** What is set for an entity (`topics/orders`, `brokers/<default>`); empty when nothing is. */
  async readConfig(entity: string): Promise<Map<string, string>> {
    const found = await this.connection.read(paths.config(entity));
    return found === null ? new Map() : decodeConfig(paths.config(entity), found.data);
  }

  /** Names of the entities of a kind (`topics`, `brokers`, `users`, `clients`) that have a config, as in their paths. */
  async configuredEntities(kind: string): Promise<string[]> {
    return (await this.connection.children(paths.config(kind))) ?? [];
  }

  /** Replaces all that is set for an entity; `notifyConfigChange` makes the brokers read it. */
  async writeConfig(entity: string, config: ConfigOverrides): Promise<void> {
    const path = paths.config(entity);
    const data = encodeConfig(config);
    for (;;) {
      try {
        await this.connection.setData(path, data);
        return;
      } catch (error) {
        if (!isZooKeeperError(error, 'NoNode')) throw error;
      }
      if (await this.connection.createWithParents(path, data)) return;
    }
  }

  /**
   * Calls `changed` with the entity (`topics/orders`, `brokers/1`) for each change of a config, also for those of the last minutes
   * at the start; it has to read the config itself. `start` it.
   */
  configChanges(changed: (entity: string) => Promise<void> | void): ChangeNotifications {
    return new ChangeNotifications(this.clock, this.log, this.connection, {
      parent: paths.configChanges,
      prefix: 'config_change_',
      handle: (path, data) => changed(decodeConfigChange(path, data)),
    });
  }

  async notifyConfigChange(entity: string): Promise<void> {
    const path = `${paths.configChanges}/config_change_`;
    await this.connection.create(path, encodeConfigChange(entity), 'persistentSequential');
  }

  /** The next block of producer ids, for this broker alone. */
  async allocateProducerIds(brokerId: number): Promise<ProducerIdBlock> {
    for (;;) {
      const found = await this.connection.read(paths.producerIdBlock);
      if (found === null) {
        await this.connection.createWithParents(paths.producerIdBlock);
        continue;
      }
      const first = (decodeProducerIdBlock(found.data)?.last ?? -1) + 1;
      const block = { broker: brokerId, first, last: first + PRODUCER_ID_BLOCK_SIZE - 1 };
      try {
        // After a lost answer the block of the first try stays unused: ids are plenty.
        await this.connection.setData(
          paths.producerIdBlock,
          encodeProducerIdBlock(block),
          found.stat.version,
        );
        return block;
      } catch (error) {
        if (!isZooKeeperError(error, 'BadVersion')) throw error;
      }
    }
  }
}

function unless(name: 'NoNode' | 'NodeExists'): (error: unknown) => void {
  return (error) => {
    if (!isZooKeeperError(error, name)) throw error;
  };
}
