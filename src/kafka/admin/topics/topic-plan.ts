import type { Random } from '../../../runtime/runtime.ts';
import type { BrokerConfig } from '../../broker/config/broker-config.ts';
import { ConfigError } from '../../broker/config/config-key.ts';
import { checkTopicConfig } from '../../broker/config/topic-config.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { assignReplicas, type BrokerPlace } from './replica-assignment.ts';
import { collidingTopic, topicNameProblem } from './topic-name.ts';

/** A topic as somebody wishes it. */
export interface TopicWish {
  readonly name: string;
  /** −1: the broker's default (KIP-464). */
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Partition and its brokers; empty: the broker assigns them. */
  readonly assignment: readonly { readonly partition: number; readonly brokers: readonly number[] }[];
  readonly config: readonly { readonly name: string; readonly value: string | null }[];
}

/** A topic that may be created just so. */
export interface TopicPlan {
  readonly name: string;
  readonly assignment: ReadonlyMap<number, readonly number[]>;
  readonly config: ReadonlyMap<string, string>;
}

export interface PlanWith {
  readonly brokers: readonly BrokerPlace[];
  readonly existing: ReadonlySet<string>;
  readonly defaults: Pick<BrokerConfig, 'numPartitions' | 'defaultReplicationFactor'>;
  readonly random: Random;
}

/** Checks a wish completely. Throws a KafkaError that says what is wrong with it. */
export function planTopic(wish: TopicWish, given: PlanWith): TopicPlan {
  const { name } = wish;
  const problem = topicNameProblem(name);
  if (problem !== null) throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
  if (given.existing.has(name)) {
    throw new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, `There already is a topic ${name}.`);
  }
  const other = collidingTopic(name, given.existing);
  if (other !== undefined) {
    const message = `Metrics can't tell ${name} from the topic ${other}, since "." and "_" are the same in their names.`;
    throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, message);
  }
  const assignment = wish.assignment.length > 0 ? givenAssignment(wish) : ownAssignment(wish, given);
  return { name, assignment, config: checkedConfig(wish) };
}

/** Throws INVALID_REPLICATION_FACTOR. */
function checkReplicationFactor(replicationFactor: number, brokers: number): void {
  if (replicationFactor <= 0) {
    const message = `The replication factor must be at least 1, not ${replicationFactor}.`;
    throw new KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, message);
  }
  if (replicationFactor > brokers) {
    const message = `The replication factor ${replicationFactor} needs as many brokers; ${brokers} are alive.`;
    throw new KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, message);
  }
}

/** Throws INVALID_REPLICA_ASSIGNMENT for replicas of one partition that can't be. */
export function checkReplicas(partition: number, brokers: readonly number[]): void {
  const wrong = (what: string) =>
    new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `Partition ${partition} ${what}.`);
  if (brokers.length === 0) throw wrong('has no replicas');
  if (new Set(brokers).size < brokers.length) throw wrong(`has a broker twice: ${brokers.join(', ')}`);
  if (brokers.some((broker) => broker < 0)) throw wrong(`has a negative broker id: ${brokers.join(', ')}`);
}

function ownAssignment(wish: TopicWish, { brokers, defaults, random }: PlanWith): Map<number, number[]> {
  const partitions = wish.partitions === -1 ? defaults.numPartitions : wish.partitions;
  const replicationFactor =
    wish.replicationFactor === -1 ? defaults.defaultReplicationFactor : wish.replicationFactor;
  if (partitions <= 0) {
    throw new KafkaError(
      ErrorCode.INVALID_PARTITIONS,
      `A topic needs at least one partition, not ${partitions}.`,
    );
  }
  checkReplicationFactor(replicationFactor, brokers.length);
  return assignReplicas(brokers, { partitions, replicationFactor }, random);
}

function givenAssignment({ partitions, replicationFactor, assignment }: TopicWish): Map<number, number[]> {
  if (partitions !== -1 || replicationFactor !== -1) {
    const message = 'Give either the number of partitions and replicas or an assignment, not both.';
    throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
  }
  const sorted = [...assignment].sort((a, b) => a.partition - b.partition);
  const size = sorted[0]?.brokers.length;
  const result = new Map<number, number[]>();
  for (const [at, { partition, brokers }] of sorted.entries()) {
    if (partition !== at) {
      const message = `Partitions are numbered from 0 without gaps or repetition; ${at} is missing.`;
      throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
    checkReplicas(partition, brokers);
    if (brokers.length !== size) {
      const message = 'All partitions of a topic need the same number of replicas.';
      throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
    }
    result.set(partition, [...brokers]);
  }
  return result;
}

function checkedConfig({ config }: TopicWish): Map<string, string> {
  const checked = new Map<string, string>();
  for (const { name, value } of config) {
    if (value === null) throw new KafkaError(ErrorCode.INVALID_CONFIG, `The config ${name} has no value.`);
    checked.set(name, value);
  }
  try {
    checkTopicConfig(checked);
  } catch (error) {
    if (error instanceof ConfigError) throw new KafkaError(ErrorCode.INVALID_CONFIG, error.message);
    throw error;
  }
  return checked;
}
