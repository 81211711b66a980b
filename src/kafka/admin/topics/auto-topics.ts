import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf } from '../answers.ts';
import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../../protocol/internal-topics.ts';
import { planTopic, type TopicWish } from './topic-plan.ts';

/** Topics that are made because somebody needs them, by whichever broker is asked. */
export class AutoTopics {
  private readonly deps: Pick<AdminDeps, 'runtime' | 'zk' | 'metadata' | 'config'>;
  private readonly underWay = new Map<string, Promise<number>>();

  constructor(deps: Pick<AdminDeps, 'runtime' | 'zk' | 'metadata' | 'config'>) {
    this.deps = deps;
  }

  /**
   * Makes a topic with the broker's defaults, or an internal topic as the coordinators need it.
   * @returns the code for Metadata's answer: LEADER_NOT_AVAILABLE when it is made or was there, INVALID_TOPIC_EXCEPTION,
   * INVALID_REPLICATION_FACTOR, … Whether clients may do so (auto.create.topics.enable, the request's flag) is the caller's question.
   */
  create(topic: string): Promise<number> {
    let making = this.underWay.get(topic);
    if (making === undefined) {
      making = this.make(topic).finally(() => this.underWay.delete(topic));
      this.underWay.set(topic, making);
    }
    return making;
  }

  private async make(topic: string): Promise<number> {
    const { deps } = this;
    try {
      const existing = new Set(await deps.zk.readTopics());
      if (existing.has(topic)) return ErrorCode.LEADER_NOT_AVAILABLE;
      const plan = planTopic(this.wish(topic), {
        brokers: [...deps.metadata.brokers.values()],
        existing,
        defaults: deps.config(),
        random: deps.runtime.random,
      });
      await deps.zk.createTopic(topic, plan.assignment, plan.config);
      const replicas = [...plan.assignment.values()][0]?.length ?? 0;
      deps.runtime.log.info(
        `topic ${topic} was created, because somebody used it: ${plan.assignment.size} partitions, ${replicas} replica${replicas === 1 ? '' : 's'} of each`,
      );
      return ErrorCode.LEADER_NOT_AVAILABLE;
    } catch (error) {
      if (isZooKeeperError(error, 'NodeExists')) return ErrorCode.LEADER_NOT_AVAILABLE;
      if (error instanceof KafkaError)
        deps.runtime.log.warn(`Topic ${topic} can't be created.`, { why: error.message });
      return answerOf(error, deps.runtime.log, `Topic ${topic} was not created.`).errorCode;
    }
  }

  private wish(topic: string): TopicWish {
    const config = this.deps.config();
    const { settings } = config;
    const base = { name: topic, assignment: [] };
    if (topic === OFFSETS_TOPIC) {
      return {
        ...base,
        partitions: config.offsetsTopicNumPartitions,
        replicationFactor: config.offsetsTopicReplicationFactor,
        config: [
          { name: 'compression.type', value: 'producer' },
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'segment.bytes', value: String(config.offsetsTopicSegmentBytes) },
        ],
      };
    }
    if (topic === TRANSACTIONS_TOPIC) {
      return {
        ...base,
        partitions: settings.number('transaction.state.log.num.partitions'),
        replicationFactor: settings.number('transaction.state.log.replication.factor'),
        config: [
          { name: 'compression.type', value: 'uncompressed' },
          { name: 'cleanup.policy', value: 'compact' },
          { name: 'min.insync.replicas', value: settings.string('transaction.state.log.min.isr') },
          { name: 'segment.bytes', value: settings.string('transaction.state.log.segment.bytes') },
          { name: 'unclean.leader.election.enable', value: 'false' },
        ],
      };
    }
    return { ...base, partitions: -1, replicationFactor: -1, config: [] };
  }
}
