import { serve, type ServedApi } from '../broker/served-api.ts';
import type { ElectionRefusal, ElectionResult } from '../controller/decisions/controller-events.ts';
import type { TopicPartition } from '../controller/topic-partition.ts';
import type { RequestOf } from '../protocol/api.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { electLeaders } from '../protocol/messages/43-elect-leaders.ts';
import type { AdminDeps } from './admin-deps.ts';
import { answerOf, type ErrorAnswer } from './answers.ts';

const PREFERRED = 0;
const UNCLEAN = 1;

/** ElectLeaders (43): for the controller. Preferred leaders (KIP-183), from version 1 on also unclean ones (KIP-460). */
export function electLeadersApi(deps: AdminDeps): ServedApi {
  return serve(electLeaders, async (request, { apiVersion }) => {
    try {
      return await elect(deps, request, apiVersion);
    } catch (error) {
      return failed(request, answerOf(error, deps.runtime.log, 'No leader was elected.'), apiVersion);
    }
  });
}

/** Version 0 has errors of partitions only. */
function failed(
  { topicPartitions }: RequestOf<typeof electLeaders>,
  answer: ErrorAnswer,
  apiVersion: number,
) {
  return {
    throttleTimeMs: 0,
    errorCode: apiVersion === 0 ? ErrorCode.NONE : answer.errorCode,
    replicaElectionResults: (topicPartitions ?? []).map(({ topic, partitions }) => ({
      topic,
      partitionResult: partitions.map((partitionId) => ({ partitionId, ...answer })),
    })),
  };
}

async function elect(deps: AdminDeps, request: RequestOf<typeof electLeaders>, apiVersion: number) {
  const { electionType, topicPartitions, timeoutMs } = request;
  if (electionType !== PREFERRED && electionType !== UNCLEAN) {
    const message = `There is no election type ${electionType}; 0 is preferred, 1 unclean.`;
    throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
  }
  const unclean = electionType === UNCLEAN;
  const wanted: TopicPartition[] | null =
    topicPartitions?.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    ) ?? null;
  const results = await deps.controller.electLeaders(wanted, unclean);
  const elected = results.filter(({ refused }) => refused === null);
  const isKnown = ({ topic, partition }: TopicPartition) => {
    const known = deps.metadata.partition(topic, partition);
    return known !== undefined && (unclean ? known.leader >= 0 : known.leader === known.replicas[0]);
  };
  const inTime = elected.length === 0 || (await deps.waits.until(() => elected.every(isKnown), timeoutMs));
  const byTopic = new Map<
    string,
    { partitionId: number; errorCode: number; errorMessage: string | null }[]
  >();
  for (const result of results) {
    const late = !inTime && result.refused === null && !isKnown(result);
    const answer = late
      ? { errorCode: ErrorCode.REQUEST_TIMED_OUT, errorMessage: 'The new leader was not known in time.' }
      : answerFor(result, unclean, apiVersion);
    const group = byTopic.get(result.topic) ?? [];
    group.push({ partitionId: result.partition, ...answer });
    byTopic.set(result.topic, group);
  }
  return {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    replicaElectionResults: [...byTopic].map(([topic, partitionResult]) => ({ topic, partitionResult })),
  };
}

function answerFor({ topic, partition, refused }: ElectionResult, unclean: boolean, apiVersion: number) {
  if (refused === null || (refused === 'notNeeded' && apiVersion === 0)) {
    return { errorCode: ErrorCode.NONE, errorMessage: null };
  }
  const name = `${topic}-${partition}`;
  const answers: Record<ElectionRefusal, { errorCode: number; errorMessage: string }> = {
    unknownPartition: {
      errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      errorMessage: `There is no partition ${name}.`,
    },
    topicInDeletion: {
      errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION,
      errorMessage: `Topic ${topic} is being deleted.`,
    },
    notNeeded: {
      errorCode: ErrorCode.ELECTION_NOT_NEEDED,
      errorMessage: `${name} has the leader that it should have.`,
    },
    noEligibleLeader: unclean
      ? {
          errorCode: ErrorCode.ELIGIBLE_LEADERS_NOT_AVAILABLE,
          errorMessage: `No replica of ${name} is alive.`,
        }
      : {
          errorCode: ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE,
          errorMessage: `The first replica of ${name} is not alive or not in sync.`,
        },
  };
  return answers[refused];
}
