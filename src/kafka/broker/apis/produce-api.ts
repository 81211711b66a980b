import type { RequestOf, ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode, errorInfo } from '../../protocol/errors.ts';
import { produce } from '../../protocol/messages/00-produce.ts';
import type { AppendResult } from '../../replication/delayed-append.ts';
import type { AppendRequest, ReplicaManager } from '../../replication/replica-manager.ts';
import { isInternalTopic } from '../internal-topics.ts';
import { nowOrLater } from '../now-or-later.ts';
import type { ServedApi } from '../served-api.ts';
import { CloseConnection, serve } from '../served-api.ts';

/** From 13 on topics are named by ids, which need inter.broker.protocol.version 2.8; 12 promises what KIP-890's coordinator does. */
const VERSIONS = [0, 11] as const;
/** Apache's own tools may write to internal topics under this client id. */
const ADMIN_CLIENT_ID = '__admin_client';

type ProduceRequest = RequestOf<typeof produce>;
type ProduceResponse = ResponseDraft<typeof produce>;

/** Produce: the records of all partitions are in the logs when `handle` returns; with acks −1 the answer waits for the replicas. */
export function produceApi(replicas: ReplicaManager): ServedApi {
  return serve(
    produce,
    (request, context) => {
      const { acks } = request;
      const badAcks = acks !== 0 && acks !== 1 && acks !== -1;
      const appends: AppendRequest[] = [];
      for (const { name, partitionData } of request.topicData) {
        const refused = badAcks
          ? ErrorCode.INVALID_REQUIRED_ACKS
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
        (done) => replicas.append(appends, options, done),
        (results) => respond(request, results),
      );
    },
    {
      versions: VERSIONS,
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
    responses: request.topicData.map(({ name, partitionData }) => ({
      name,
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
    responses: request.topicData.map(({ name, partitionData }) => ({
      name,
      partitionResponses: partitionData.map(({ index }) => ({ index, errorCode: code, baseOffset: -1 })),
    })),
  };
}
