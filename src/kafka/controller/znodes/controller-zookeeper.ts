import { isZooKeeperError, ZooKeeperError, ZooKeeperErrorCode } from '../../../zookeeper/client/errors.ts';
import type { MultiOp, Stat } from '../../../zookeeper/client/types.ts';
import type { TopicPartition } from '../topic-partition.ts';
import type { LiveBroker } from './broker-registration.ts';
import { ZnodeFormatError } from './json.ts';
import type { ControllerTerm, KafkaZooKeeper } from './kafka-zookeeper.ts';
import {
  decodeLogDirEvent,
  decodePartitionList,
  decodeReassignments,
  encodeReassignments,
  type WantedReplicas,
} from './partition-lists.ts';
import { encodePartitionState, type PartitionState, type WrittenPartitionState } from './partition-state.ts';
import { paths } from './paths.ts';
import { encodeTopicAssignment, type TopicAssignment } from './topic-assignment.ts';

/** Another broker was elected: whoever gets this must stop deciding at once. */
export class ControllerMovedError extends Error {
  constructor() {
    super('another broker has become the controller');
    this.name = 'ControllerMovedError';
  }
}

export interface StateWrite extends TopicPartition {
  readonly state: PartitionState;
  /** The version that the znode must have. */
  readonly version: number;
}

/** The new version; or somebody changed the state in between; or there is no such znode. */
export type StateWriteResult = number | 'conflict' | 'gone';

/** Notifications as found: delete `names` once they are acted upon. */
export interface FoundNotifications<T> {
  readonly names: readonly string[];
  readonly content: readonly T[];
}

/** Who is told of changes that others make. */
export interface ControllerWatches {
  changed(
    kind:
      | 'brokersChanged'
      | 'topicsChanged'
      | 'topicDeletionsRequested'
      | 'isrsChanged'
      | 'logDirsFailed'
      | 'reassignmentsRequested'
      | 'preferredElectionRequested',
  ): void;
  topicChanged(topic: string): void;
  stateChanged(topic: string, partition: number): void;
}

/**
 * What only the controller writes. Each write is a multi with a check of `/controller_epoch`, so that nothing of an old
 * controller gets through; then all reject with ControllerMovedError. Lists are pipelined: one round trip.
 */
export class ControllerZooKeeper {
  private readonly zk: KafkaZooKeeper;
  private readonly term: ControllerTerm;
  private readonly watches: ControllerWatches;
  /** By path: how the watch ends. */
  private readonly watched = new Map<string, () => void>();

  constructor(zk: KafkaZooKeeper, term: ControllerTerm, watches: ControllerWatches) {
    this.zk = zk;
    this.term = term;
    this.watches = watches;
    const { connection } = zk;
    const parents: [string, () => void][] = [
      [paths.brokerIds, () => watches.changed('brokersChanged')],
      [paths.topics, () => watches.changed('topicsChanged')],
      [paths.deleteTopics, () => watches.changed('topicDeletionsRequested')],
      [paths.isrChanges, () => watches.changed('isrsChanged')],
      [paths.logDirEvents, () => watches.changed('logDirsFailed')],
    ];
    for (const [path, changed] of parents) this.watched.set(path, connection.watchChildren(path, changed));
    this.watchData(paths.reassignPartitions, () => watches.changed('reassignmentsRequested'));
    this.watchData(paths.preferredElection, () => watches.changed('preferredElectionRequested'));
  }

  /** Ends all watches. */
  close(): void {
    for (const end of this.watched.values()) end();
    this.watched.clear();
  }

  /** Watches each broker that it finds. */
  async readBrokers(): Promise<LiveBroker[]> {
    const ids = (await this.zk.connection.children(paths.brokerIds)) ?? [];
    for (const id of ids)
      this.watchData(`${paths.brokerIds}/${id}`, () => this.watches.changed('brokersChanged'));
    const brokers = await Promise.all(ids.map((id) => this.zk.readBroker(Number(id))));
    return brokers.filter((broker) => broker !== null).sort((a, b) => a.id - b.id);
  }

  readTopics(): Promise<string[]> {
    return this.zk.readTopics();
  }

  /** Watches the topics. Null for each that isn't there, or whose znode can't be understood. */
  async readAssignments(topics: readonly string[]): Promise<(Map<number, number[]> | null)[]> {
    for (const topic of topics) this.watchData(paths.topic(topic), () => this.watches.topicChanged(topic));
    return await Promise.all(topics.map((topic) => this.orNull(this.zk.readAssignment(topic))));
  }

  /** From the next read of its state on, changes of this partition are told. */
  async watchState({ topic, partition }: TopicPartition): Promise<void> {
    this.watchData(paths.partitionState(topic, partition), () => this.watches.stateChanged(topic, partition));
  }

  async unwatchState({ topic, partition }: TopicPartition): Promise<void> {
    this.unwatch(paths.partitionState(topic, partition));
  }

  readStates(partitions: readonly TopicPartition[]): Promise<(WrittenPartitionState | null)[]> {
    return this.zk.readPartitionStates(partitions);
  }

  readTopicConfigs(topics: readonly string[]): Promise<Map<string, string>[]> {
    return Promise.all(topics.map((topic) => this.zk.readConfig(`topics/${topic}`)));
  }

  /** First states of new partitions. @returns false for each that is there. */
  async createStates(
    states: readonly (TopicPartition & { readonly state: PartitionState })[],
  ): Promise<boolean[]> {
    const topics = [...new Set(states.map(({ topic }) => topic))];
    const [, , created] = await Promise.all([
      Promise.all(topics.map((topic) => this.create(paths.partitions(topic), null))),
      Promise.all(states.map(({ topic, partition }) => this.create(paths.partition(topic, partition), null))),
      Promise.all(
        states.map(({ topic, partition, state }) =>
          this.create(paths.partitionState(topic, partition), encodePartitionState(state)),
        ),
      ),
    ]);
    return created;
  }

  writeStates(writes: readonly StateWrite[]): Promise<StateWriteResult[]> {
    return Promise.all(
      writes.map(async ({ topic, partition, state, version }) => {
        const path = paths.partitionState(topic, partition);
        try {
          const stat = await this.setData(path, encodePartitionState(state), version);
          return stat.version;
        } catch (error) {
          if (isZooKeeperError(error, 'BadVersion')) return 'conflict';
          if (isZooKeeperError(error, 'NoNode')) return 'gone';
          throw error;
        }
      }),
    );
  }

  /** A topic that is gone meanwhile is left so. */
  async writeAssignment(topic: string, assignment: TopicAssignment): Promise<void> {
    await this.setData(paths.topic(topic), encodeTopicAssignment(assignment)).catch(ignore('NoNode'));
  }

  async readTopicDeletions(): Promise<string[]> {
    return this.zk.readTopicDeletions();
  }

  async clearTopicDeletions(topics: readonly string[]): Promise<void> {
    await Promise.all(topics.map((topic) => this.delete(paths.deleteTopic(topic))));
  }

  /** Removes all znodes of a topic: its states, assignment and config, and last the request to delete it. */
  async deleteTopic(topic: string): Promise<void> {
    this.unwatch(paths.topic(topic));
    const partitions = (await this.zk.connection.children(paths.partitions(topic))) ?? [];
    const parent = paths.partitions(topic);
    await Promise.all([
      ...partitions.map((partition) => this.delete(`${parent}/${partition}/state`)),
      ...partitions.map((partition) => this.delete(`${parent}/${partition}`)),
      this.delete(parent),
      this.delete(paths.topic(topic)),
      this.delete(paths.config(`topics/${topic}`)),
      this.delete(paths.deleteTopic(topic)),
    ]);
  }

  async readReassignments(): Promise<WantedReplicas[]> {
    const path = paths.reassignPartitions;
    const read = async () => {
      const found = await this.zk.connection.read(path);
      return found === null ? null : decodeReassignments(path, found.data);
    };
    return (await this.orNull(read())) ?? [];
  }

  /** An empty list removes the znode. */
  async writeReassignments(wanted: readonly WantedReplicas[]): Promise<void> {
    if (wanted.length === 0) await this.delete(paths.reassignPartitions);
    else {
      await this.setData(paths.reassignPartitions, encodeReassignments(wanted)).catch(ignore('NoNode'));
    }
  }

  /** Null when no preferred election is asked for. */
  async readPreferredElection(): Promise<TopicPartition[] | null> {
    const path = paths.preferredElection;
    const read = async () => {
      const found = await this.zk.connection.read(path);
      return found === null ? null : decodePartitionList(path, found.data);
    };
    return await this.orNull(read());
  }

  async clearPreferredElection(): Promise<void> {
    await this.delete(paths.preferredElection);
  }

  readIsrChanges(): Promise<FoundNotifications<TopicPartition>> {
    return this.readNotifications(paths.isrChanges, decodePartitionList);
  }

  clearIsrChanges(names: readonly string[]): Promise<void> {
    return this.clearNotifications(paths.isrChanges, names);
  }

  /** The brokers whose log directories failed. */
  readLogDirEvents(): Promise<FoundNotifications<number>> {
    return this.readNotifications(paths.logDirEvents, (path, data) => [decodeLogDirEvent(path, data)]);
  }

  clearLogDirEvents(names: readonly string[]): Promise<void> {
    return this.clearNotifications(paths.logDirEvents, names);
  }

  /** Gives the office back, so that another election starts. Nothing when it is lost already. */
  async resign(): Promise<void> {
    await this.delete(paths.controller);
  }

  /** What people wrote wrongly must not stop the controller from everything else. */
  private async orNull<T>(reading: Promise<T | null>): Promise<T | null> {
    try {
      return await reading;
    } catch (error) {
      if (!(error instanceof ZnodeFormatError)) throw error;
      this.zk.log.error(`A znode is ignored: ${error.message}.`);
      return null;
    }
  }

  private watchData(path: string, changed: () => void): void {
    if (!this.watched.has(path)) this.watched.set(path, this.zk.connection.watchData(path, changed));
  }

  private unwatch(path: string): void {
    this.watched.get(path)?.();
    this.watched.delete(path);
  }

  private async readNotifications<T>(
    parent: string,
    decode: (path: string, data: Buffer | null) => T[],
  ): Promise<FoundNotifications<T>> {
    const names = ((await this.zk.connection.children(parent)) ?? []).sort();
    const content = await Promise.all(
      names.map(async (name) => {
        const path = `${parent}/${name}`;
        const found = await this.zk.connection.read(path);
        try {
          return found === null ? [] : decode(path, found.data);
        } catch {
          return []; // deleted with the others: nobody can act upon it
        }
      }),
    );
    return { names, content: content.flat() };
  }

  private async clearNotifications(parent: string, names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.delete(`${parent}/${name}`)));
  }

  /** False when the znode is there. */
  private async create(path: string, data: Buffer | null): Promise<boolean> {
    try {
      await this.fenced({ kind: 'create', path, data, acl: this.zk.connection.aclFor(path) });
      return true;
    } catch (error) {
      if (isZooKeeperError(error, 'NodeExists')) return false;
      throw error;
    }
  }

  private async setData(path: string, data: Buffer, version = -1): Promise<Stat> {
    const result = await this.fenced({ kind: 'setData', path, data, version });
    if (result?.kind !== 'setData') throw new Error(`ZooKeeper answered a write to ${path} incompletely`);
    return result.stat;
  }

  private async delete(path: string): Promise<void> {
    await this.fenced({ kind: 'delete', path }).catch(ignore('NoNode'));
  }

  /** Rejects with the operation's own ZooKeeperError. */
  private async fenced(op: MultiOp) {
    const fence: MultiOp = {
      kind: 'check',
      path: paths.controllerEpoch,
      version: this.term.epochVersion,
    };
    try {
      return (await this.zk.connection.multi([fence, op]))[1];
    } catch (error) {
      if (!(error instanceof ZooKeeperError)) throw error;
      const [first, second] = error.results;
      if (first?.kind === 'error' && first.code === ZooKeeperErrorCode.BadVersion) {
        throw new ControllerMovedError();
      }
      if (second?.kind !== 'error' || second.code === error.code) throw error;
      throw new ZooKeeperError(second.code, op.path);
    }
  }
}

function ignore(name: 'NoNode'): (error: unknown) => void {
  return (error) => {
    if (!isZooKeeperError(error, name)) throw error;
  };
}
