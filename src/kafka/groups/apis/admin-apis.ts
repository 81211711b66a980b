import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { ResponseDraft } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { describeGroups } from '../../protocol/messages/15-describe-groups.ts';
import { listGroups } from '../../protocol/messages/16-list-groups.ts';
import { deleteGroups } from '../../protocol/messages/42-delete-groups.ts';
import { describeGroup, listGroups as groupsHere } from '../group-admin.ts';
import type { GroupCoordinator } from '../group-coordinator.ts';

type GroupDescription = ResponseDraft<typeof describeGroups>['groups'][number];

const UNKNOWN_IS_AN_ERROR_SINCE = 6; // KIP-1043
/** Read, delete and describe: a bit for each operation that there is on groups. Nobody is denied any as long as there is no authorizer. */
const ALL_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8);
const NOT_ASKED = -0x8000_0000;
const TYPE = 'classic';

/** DescribeGroups, ListGroups and DeleteGroups. */
export function adminApis(coordinator: GroupCoordinator): ServedApi[] {
  const { partitions, offsets } = coordinator;
  return [
    serve(
      describeGroups,
      ({ groups, includeAuthorizedOperations }, { apiVersion }) => ({
        groups: groups.map((groupId) => {
          const found = describeGroup(partitions, groupId);
          if (typeof found === 'number') return undescribed(groupId, found);
          const authorizedOperations = includeAuthorizedOperations ? ALL_OPERATIONS : NOT_ASKED;
          if (found === null && apiVersion >= UNKNOWN_IS_AN_ERROR_SINCE)
            return {
              ...undescribed(groupId, ErrorCode.GROUP_ID_NOT_FOUND),
              errorMessage: `Group ${groupId} not found.`,
              groupState: 'Dead',
            };
          if (found === null)
            return { ...undescribed(groupId, ErrorCode.NONE), groupState: 'Dead', authorizedOperations };
          return {
            errorCode: ErrorCode.NONE,
            groupId,
            groupState: found.state,
            protocolType: found.protocolType,
            protocolData: found.protocolName,
            members: found.members,
            authorizedOperations,
          };
        }),
      }),
      { errorResponse: ({ groups }, code) => ({ groups: groups.map((id) => undescribed(id, code)) }) },
    ),
    serve(
      listGroups,
      ({ statesFilter, typesFilter }) => {
        const isWanted = typesFilter.length === 0 || typesFilter.some((type) => type.toLowerCase() === TYPE);
        const { code, groups } = groupsHere(partitions, statesFilter);
        return {
          errorCode: code,
          groups: (isWanted ? groups : []).map(({ groupId, protocolType, state }) => ({
            groupId,
            protocolType,
            groupState: state,
            groupType: TYPE,
          })),
        };
      },
      { errorResponse: (_, errorCode) => ({ errorCode, groups: [] }) },
    ),
    serve(
      deleteGroups,
      ({ groupsNames }) => ({
        throttleTimeMs: 0,
        results: groupsNames.map((groupId) => ({ groupId, errorCode: offsets.deleteGroup(groupId) })),
      }),
      {
        errorResponse: ({ groupsNames }, errorCode) => ({
          throttleTimeMs: 0,
          results: groupsNames.map((groupId) => ({ groupId, errorCode })),
        }),
      },
    ),
  ];
}

function undescribed(groupId: string, errorCode: number): GroupDescription {
  return { errorCode, groupId, groupState: '', protocolType: '', protocolData: '', members: [] };
}
