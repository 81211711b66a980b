import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode, errorInfo } from '../../protocol/errors.ts';
import { produce } from '../../protocol/messages/00-produce.ts';
import type { AppendResult } from '../../replication/acks/delayed-append.ts';
import type { AppendRequest, ReplicaManager } from '../../replication/replica-manager.ts';
import { isInternalTopic } from '../../protocol/internal-topics.ts';
import { nowOrLater } from '../later.ts';
import type { ServedApi } from '../served-api.ts';
import { CloseConnection, serve } from '../served-api.ts';
import type { TopicIds } from '../topic-ids.ts';

/** From here on topics are named by ids. */
const TOPIC_ID_VERSION = 13;
/** Apache's own tools may write to internal topics under this client id. */
const ADMIN_CLIENT_ID = '__admin_client';

type ProduceRequest = RequestOf<typeof produce>;
type ProduceResponse = ResponseDraft<typeof produce>;

/** Produce: the records of all partitions are in the logs when `handle` returns; with acks −1 the answer waits for the replicas. */
export function produceApi(replicas: ReplicaManager, topicIds: TopicIds): ServedApi {
  return serve(
    produce,
    (request, context) => {
      const { acks } = request;
      const badAcks = acks !== 0 && acks !== 1 && acks !== -1;
      const appends: AppendRequest[] = [];
      for (const { name: given, topicId, partitionData } of request.topicData) {
        const name = context.apiVersion >= TOPIC_ID_VERSION ? (topicIds.nameOf(topicId) ?? '') : given;
        const refused = badAcks
          ? ErrorCode.INVALID_REQUIRED_ACKS
          : name === '' && context.apiVersion >= TOPIC_ID_VERSION
            ? ErrorCode.UNKNOWN_TOPIC_ID
            : isInternalTopic(name) && context.clientId !== ADMIN_CLIENT_ID
              ? ErrorCode.INVALID_TOPIC_EXCEPTION
              : null;
        for (const { index, records } of partitionData)
          appends.push(
            refused === null
              ? { topic: name, partition: index, records }
              : { topic: name, partition: index, records, refused },
          );
      }
      const options = {
        requiredAcks: acks,
        timeoutMs: request.timeoutMs,
        origin: 'client',
        produceVersion: context.apiVersion,
      } as const;
      return nowOrLater<AppendResult[], ProduceResponse | null>(
        (done) => {
          if (!replicas.append(appends, options, done)) context.release();
        },
        (results) => respond(request, results),
      );
    },
    {
      pipelined: true,
      errorResponse: (request, code) => (request.acks === 0 ? undefined : failAll(request, code)),
    },
  );
}

/** Null: acks 0 and all went well. With acks 0 a failure is told by closing the connection, as there is no other way. */
function respond(request: ProduceRequest, results: readonly AppendResult[]): ProduceResponse | null {
  if (request.acks === 0) {
    const failed = results.find((result) => result.code !== ErrorCode.NONE);
    if (failed !== undefined)
      throw new CloseConnection(`Produce with acks 0 failed: ${errorInfo(failed.code).name}`);
    return null;
  }
  let next = 0;
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => {
        const result = results[next++]!;
        return {
          index,
          errorCode: result.code,
          baseOffset: result.firstOffset,
          logAppendTimeMs: result.logAppendTimeMs,
          logStartOffset: result.logStartOffset,
          errorMessage: result.message,
        };
      }),
    })),
  };
}

function failAll(request: ProduceRequest, code: number): ProduceResponse {
  return {
    responses: request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: code, baseOffset: -1 })),
    })),
  };
}
