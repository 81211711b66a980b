import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { joinGroup } from '../../protocol/messages/11-join-group.ts';
import { heartbeat } from '../../protocol/messages/12-heartbeat.ts';
import { leaveGroup } from '../../protocol/messages/13-leave-group.ts';
import { syncGroup } from '../../protocol/messages/14-sync-group.ts';
import type { GroupCoordinator } from '../group-coordinator.ts';
import { NO_BYTES, refusedJoin, refusedSync, type JoinAnswer, type SyncAnswer } from '../group/member.ts';

const KNOWN_ID_SINCE = 4; // KIP-394
const SKIP_ASSIGNMENT_SINCE = 9; // KIP-814
const PROTOCOL_NAME_NULLABLE_SINCE = 7;
const LEAVE_SEVERAL_SINCE = 3; // KIP-345

/** JoinGroup, SyncGroup, Heartbeat and LeaveGroup. */
export function membershipApis(coordinator: GroupCoordinator): ServedApi[] {
  return [
    serve(
      joinGroup,
      async (request, { apiVersion, clientId, clientAddress }) => {
        const { groupId, memberId, groupInstanceId, sessionTimeoutMs, rebalanceTimeoutMs } = request;
        const answer = await coordinator.join(groupId, {
          memberId,
          instanceId: groupInstanceId,
          clientId: clientId ?? '',
          clientHost: `/${clientAddress}`,
          sessionTimeoutMs,
          rebalanceTimeoutMs: rebalanceTimeoutMs === -1 ? sessionTimeoutMs : rebalanceTimeoutMs,
          protocolType: request.protocolType,
          // Copied: the group outlives the bytes of the request.
          protocols: request.protocols.map(({ name, metadata }) => ({
            name,
            metadata: Buffer.from(metadata),
          })),
          needsKnownId: apiVersion >= KNOWN_ID_SINCE,
          maySkipAssignment: apiVersion >= SKIP_ASSIGNMENT_SINCE,
        });
        return joinResponse(answer, apiVersion);
      },
      { errorResponse: (_, code, _message, version) => joinResponse(refusedJoin(code, ''), version) },
    ),
    serve(
      syncGroup,
      async ({ groupId, ...request }) => {
        const answer = await coordinator.sync(groupId, {
          memberId: request.memberId,
          instanceId: request.groupInstanceId,
          generation: request.generationId,
          protocolType: request.protocolType,
          protocolName: request.protocolName,
          assignments: new Map(
            request.assignments.map(({ memberId, assignment }) => [memberId, Buffer.from(assignment)]),
          ),
        });
        return syncResponse(answer);
      },
      { errorResponse: (_, code) => syncResponse(refusedSync(code)) },
    ),
    serve(
      heartbeat,
      ({ groupId, memberId, groupInstanceId, generationId }) => ({
        errorCode: coordinator.heartbeat(groupId, memberId, groupInstanceId, generationId),
      }),
      { errorResponse: (_, errorCode) => ({ errorCode }) },
    ),
    serve(
      leaveGroup,
      (request, { apiVersion }) => {
        if (apiVersion < LEAVE_SEVERAL_SINCE) {
          const left = coordinator.leave(request.groupId, [{ memberId: request.memberId, instanceId: null }]);
          return { errorCode: typeof left === 'number' ? left : left[0]! };
        }
        const { members } = request;
        const left = coordinator.leave(
          request.groupId,
          members.map(({ memberId, groupInstanceId }) => ({ memberId, instanceId: groupInstanceId })),
        );
        if (typeof left === 'number') return { errorCode: left };
        return {
          errorCode: ErrorCode.NONE,
          members: members.map(({ memberId, groupInstanceId }, i) => ({
            memberId,
            groupInstanceId,
            errorCode: left[i]!,
          })),
        };
      },
      { errorResponse: (_, errorCode) => ({ errorCode }) },
    ),
  ];
}

function joinResponse(answer: JoinAnswer, version: number): ResponseDraft<typeof joinGroup> {
  const { code, generation, protocolType, protocolName, leaderId, memberId, skipAssignment, members } =
    answer;
  return {
    errorCode: code,
    generationId: generation,
    protocolType,
    protocolName: version < PROTOCOL_NAME_NULLABLE_SINCE ? (protocolName ?? '') : protocolName,
    leader: leaderId,
    skipAssignment,
    memberId,
    members,
  };
}

function syncResponse(answer: SyncAnswer): ResponseDraft<typeof syncGroup> {
  const { code, protocolType, protocolName, assignment } = answer;
  return {
    errorCode: code,
    protocolType,
    protocolName,
    assignment: code === ErrorCode.NONE ? assignment : NO_BYTES,
  };
}
