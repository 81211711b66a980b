import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf } from '../../protocol/api.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { createPartitions } from '../../protocol/messages/37-create-partitions.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf, NOT_CONTROLLER_ANSWER, repeated, type ErrorAnswer } from '../answers.ts';
import { hasLeaders } from '../metadata-waits.ts';
import { assignReplicas } from './replica-assignment.ts';
import { topicNameProblem } from './topic-name.ts';
import { checkReplicas } from './topic-plan.ts';

type Wish = RequestOf<typeof createPartitions>['topics'][number];

/** CreatePartitions (37): for the controller. It answers when the new leaders are in its metadata, or the time is over. */
export function createPartitionsApi(deps: AdminDeps): ServedApi {
  return serve(
    createPartitions,
    async (request) => {
      const twice = repeated(request.topics.map(({ name }) => name));
      const wishes = [...new Map(request.topics.map((topic) => [topic.name, topic])).values()];
      const results = await Promise.all(
        wishes.map(async (wish) => ({
          name: wish.name,
          ...(await extend(deps, wish, twice.has(wish.name), request.validateOnly, request.timeoutMs)),
        })),
      );
      return { throttleTimeMs: 0, results };
    },
    {
      errorResponse: (request, errorCode, errorMessage) => ({
        throttleTimeMs: 0,
        results: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
      }),
    },
  );
}

async function extend(
  deps: AdminDeps,
  wish: Wish,
  isTwice: boolean,
  validateOnly: boolean,
  timeoutMs: number,
): Promise<ErrorAnswer> {
  const { name } = wish;
  if (!deps.controller.isActive) return NOT_CONTROLLER_ANSWER;
  try {
    if (isTwice) {
      const message = `The request adds partitions to topic ${name} more than once.`;
      throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
    }
    if (topicNameProblem(name) !== null) {
      throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${name}.`);
    }
    const [assignment, isReassigning, isBeingDeleted] = await Promise.all([
      deps.zk.readAssignment(name),
      deps.zk.isReassigning(),
      deps.zk.isTopicDeletionRequested(name),
    ]);
    if (assignment === null) {
      throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${name}.`);
    }
    if (isReassigning) {
      const message = "Partitions can't be added while partitions are being reassigned.";
      throw new KafkaError(ErrorCode.REASSIGNMENT_IN_PROGRESS, message);
    }
    if (isBeingDeleted) {
      throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic ${name} is being deleted.`);
    }
    const added = addedPartitions(deps, wish, assignment);
    if (validateOnly) return { errorCode: ErrorCode.NONE, errorMessage: null };
    await deps.zk.addPartitions(name, new Map([...assignment, ...added]));
  } catch (error) {
    return answerOf(error, deps.runtime.log, `Topic ${name} got no partitions.`);
  }
  const isReady = () => hasLeaders(deps.metadata, name, wish.count);
  if (await deps.waits.until(isReady, timeoutMs)) return { errorCode: ErrorCode.NONE, errorMessage: null };
  const errorMessage = `Topic ${name} has its partitions, but their leaders weren't known in time.`;
  return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage };
}

function addedPartitions(
  deps: AdminDeps,
  { name, count, assignments }: Wish,
  existing: ReadonlyMap<number, readonly number[]>,
): Map<number, readonly number[]> {
  const added = count - existing.size;
  if (added <= 0) {
    const message =
      added === 0
        ? `Topic ${name} already has ${count} partitions.`
        : `Topic ${name} has ${existing.size} partitions; their number can only grow, not become ${count}.`;
    throw new KafkaError(ErrorCode.INVALID_PARTITIONS, message);
  }
  const brokers = [...deps.metadata.brokers.values()].sort((a, b) => a.id - b.id);
  const first = existing.get(0) ?? [];
  if (assignments === null) {
    const from = brokers.findIndex(({ id }) => id >= (first[0] ?? 0));
    const wish = {
      partitions: added,
      replicationFactor: Math.min(first.length, brokers.length),
      firstPartition: existing.size,
      startIndex: Math.max(from, 0),
    };
    return assignReplicas(brokers, wish, deps.runtime.random);
  }
  const invalid = (message: string) => new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message);
  if (assignments.length !== added) {
    throw invalid(`${added} partitions are added, but replicas are given for ${assignments.length}.`);
  }
  const chosen = new Map<number, readonly number[]>();
  for (const [at, { brokerIds }] of assignments.entries()) {
    const partition = existing.size + at;
    checkReplicas(partition, brokerIds);
    const unknown = brokerIds.filter((id) => !deps.metadata.isAlive(id));
    if (unknown.length > 0) {
      throw invalid(`Partition ${partition} has brokers that aren't alive: ${unknown.join(', ')}.`);
    }
    if (brokerIds.length !== first.length) {
      throw invalid(
        `Partition ${partition} has ${brokerIds.length} replicas; those of ${name} have ${first.length}.`,
      );
    }
    chosen.set(partition, brokerIds);
  }
  return chosen;
}
