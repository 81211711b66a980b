import { topicEntries } from '../../broker/config/config-entries.ts';
import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { createTopics } from '../../protocol/messages/19-create-topics.ts';
import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf, NOT_CONTROLLER_ANSWER, repeated, type ErrorAnswer } from '../answers.ts';
import { hasLeaders } from '../metadata-waits.ts';
import { planTopic, type TopicPlan } from './topic-plan.ts';

type Result = ResponseDraft<typeof createTopics>['topics'][number];
type Wish = RequestOf<typeof createTopics>['topics'][number];

/** CreateTopics (19): for the controller. It answers when all leaders are in its metadata, or the time is over. */
export function createTopicsApi(deps: AdminDeps): ServedApi {
  return serve(createTopics, async (request) => ({ topics: await create(deps, request) }), {
    errorResponse: (request, errorCode, errorMessage) => ({
      topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage })),
    }),
  });
}

async function create(deps: AdminDeps, request: RequestOf<typeof createTopics>): Promise<Result[]> {
  if (!deps.controller.isActive) {
    return request.topics.map(({ name }) => ({ name, ...NOT_CONTROLLER_ANSWER }));
  }
  const existing = new Set(await deps.zk.readTopics());
  const twice = repeated(request.topics.map(({ name }) => name));
  const wishes = [...new Map(request.topics.map((topic) => [topic.name, topic])).values()];
  return Promise.all(
    wishes.map(async (wish): Promise<Result> => {
      if (twice.has(wish.name)) {
        const errorMessage = `The request creates topic ${wish.name} more than once.`;
        return { name: wish.name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
      }
      try {
        const plan = planWish(deps, wish, existing);
        if (request.validateOnly) return { ...described(deps, plan), errorCode: ErrorCode.NONE };
        const error = await make(deps, plan, request.timeoutMs);
        return error === null
          ? { ...described(deps, plan), errorCode: ErrorCode.NONE }
          : { name: wish.name, ...error };
      } catch (error) {
        return {
          name: wish.name,
          ...answerOf(error, deps.runtime.log, `Topic ${wish.name} was not created.`),
        };
      }
    }),
  );
}

function planWish(deps: AdminDeps, wish: Wish, existing: ReadonlySet<string>): TopicPlan {
  return planTopic(
    {
      name: wish.name,
      partitions: wish.numPartitions,
      replicationFactor: wish.replicationFactor,
      assignment: wish.assignments.map(({ partitionIndex, brokerIds }) => ({
        partition: partitionIndex,
        brokers: brokerIds,
      })),
      config: wish.configs,
    },
    {
      brokers: [...deps.metadata.brokers.values()],
      existing,
      defaults: deps.config(),
      random: deps.runtime.random,
    },
  );
}

async function make(deps: AdminDeps, plan: TopicPlan, timeoutMs: number): Promise<ErrorAnswer | null> {
  try {
    await deps.zk.createTopic(plan.name, plan.assignment, plan.config);
  } catch (error) {
    if (!isZooKeeperError(error, 'NodeExists')) throw error;
    return {
      errorCode: ErrorCode.TOPIC_ALREADY_EXISTS,
      errorMessage: `There already is a topic ${plan.name}.`,
    };
  }
  const isReady = () => hasLeaders(deps.metadata, plan.name, plan.assignment.size);
  if (await deps.waits.until(isReady, timeoutMs)) return null;
  const errorMessage = `Topic ${plan.name} is created, but its leaders weren't known in time.`;
  return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage };
}

function described(deps: AdminDeps, plan: TopicPlan) {
  return {
    name: plan.name,
    topicId: deps.topicIds.idOf(plan.name),
    errorMessage: null,
    numPartitions: plan.assignment.size,
    replicationFactor: plan.assignment.get(0)?.length ?? 0,
    configs: topicEntries(plan.config, deps.config().settings).map((entry) => ({
      name: entry.name,
      value: entry.value,
      readOnly: entry.isReadOnly,
      configSource: entry.source,
      isSensitive: entry.isSensitive,
    })),
  };
}
