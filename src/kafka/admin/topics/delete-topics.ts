import { isZooKeeperError } from '../../../zookeeper/client/errors.ts';
import { serve, type ServedApi } from '../../broker/served-api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { deleteTopics } from '../../protocol/messages/20-delete-topics.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf, NOT_CONTROLLER_ANSWER, repeated, type ErrorAnswer } from '../answers.ts';
import { topicNameProblem } from './topic-name.ts';

const NO_ERROR: ErrorAnswer = { errorCode: ErrorCode.NONE, errorMessage: null };

/** DeleteTopics (20): for the controller. It answers when clients can't see the topics any more; the logs go afterwards. */
export function deleteTopicsApi(deps: AdminDeps): ServedApi {
  return serve(
    deleteTopics,
    async (request, { apiVersion }) => {
      const wanted: { name: string | null; topicId?: string }[] =
        apiVersion >= 6
          ? request.topics.map(({ name, topicId }) => ({
              name: name ?? deps.topicIds.nameOf(topicId) ?? null,
              topicId,
            }))
          : request.topicNames.map((name) => ({ name }));
      const twice = repeated(wanted.map(({ name }) => name));
      const responses = await Promise.all(
        wanted.map(async ({ name, topicId }) => ({
          name,
          ...(topicId === undefined ? {} : { topicId }),
          ...(await remove(deps, name, name !== null && twice.has(name), request.timeoutMs, apiVersion)),
        })),
      );
      return { responses };
    },
    {
      errorResponse: (request, errorCode, errorMessage) => ({
        responses: [...request.topics, ...request.topicNames.map((name) => ({ name }))].map(({ name }) => ({
          name,
          errorCode,
          errorMessage,
        })),
      }),
    },
  );
}

async function remove(
  deps: AdminDeps,
  name: string | null,
  isTwice: boolean,
  timeoutMs: number,
  apiVersion: number,
): Promise<ErrorAnswer> {
  if (!deps.controller.isActive) return NOT_CONTROLLER_ANSWER;
  if (!deps.config().deleteTopicEnable) {
    const errorMessage = 'Topics can not be deleted while delete.topic.enable is false.';
    const errorCode = apiVersion < 3 ? ErrorCode.INVALID_REQUEST : ErrorCode.TOPIC_DELETION_DISABLED;
    return { errorCode, errorMessage };
  }
  if (name === null) {
    const errorMessage = 'No topic of this cluster has that id.';
    return { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, errorMessage };
  }
  if (isTwice) {
    const errorMessage = `The request deletes topic ${name} more than once.`;
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage };
  }
  try {
    // A name that no topic can have must not become a path.
    if (topicNameProblem(name) !== null || !(await exists(deps, name))) {
      const errorMessage = `There is no topic ${name}.`;
      return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage };
    }
    await deps.zk.requestTopicDeletion(name).catch((error: unknown) => {
      if (!isZooKeeperError(error, 'NodeExists')) throw error; // asked for already: the same wait
    });
  } catch (error) {
    return answerOf(error, deps.runtime.log, `Topic ${name} was not deleted.`);
  }
  if (await deps.waits.until(() => !deps.metadata.hasTopic(name), timeoutMs)) return NO_ERROR;
  const errorMessage = `Topic ${name} will be deleted, but that took longer than the request allows.`;
  return { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage };
}

async function exists(deps: AdminDeps, name: string): Promise<boolean> {
  return deps.metadata.hasTopic(name) || (await deps.zk.topicExists(name));
}
