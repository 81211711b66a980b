import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { MetadataCache } from '../../broker/metadata-cache.ts';
import { ErrorCode, errorInfo } from '../../protocol/errors.ts';
import { findCoordinator } from '../../protocol/messages/10-find-coordinator.ts';
import { OFFSETS_TOPIC } from '../../protocol/internal-topics.ts';

export interface FindCoordinatorDeps {
  readonly partitionOf: (groupId: string) => number;
  readonly metadata: Pick<MetadataCache, 'hasTopic' | 'partition' | 'leaderEndpoint'>;
  /** Makes `__consumer_offsets`, which nobody has asked for so far. May be called again before it is there. */
  readonly createOffsetsTopic: () => void;
}

interface Coordinator {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
}

const GROUP_KEY = 0;
const SEVERAL_KEYS_SINCE = 4; // KIP-699

/** FindCoordinator, for groups. Coordinators of transactions and share groups are refused, since none are served. */
export function findCoordinatorApi(deps: FindCoordinatorDeps): ServedApi {
  return serve(
    findCoordinator,
    ({ key, keyType, coordinatorKeys }, { apiVersion, listener }) => {
      const find = (id: string) =>
        keyType === GROUP_KEY ? coordinatorOf(deps, id, listener) : unserved(keyType);
      if (apiVersion >= SEVERAL_KEYS_SINCE)
        return { coordinators: coordinatorKeys.map((id) => ({ key: id, ...find(id) })) };
      return find(key);
    },
    {
      errorResponse: ({ coordinatorKeys }, code, _, version) =>
        version >= SEVERAL_KEYS_SINCE
          ? { coordinators: coordinatorKeys.map((id) => ({ key: id, ...refusal(code) })) }
          : refusal(code),
    },
  );
}

function coordinatorOf(deps: FindCoordinatorDeps, groupId: string, listener: string): Coordinator {
  const { metadata } = deps;
  if (!metadata.hasTopic(OFFSETS_TOPIC)) {
    deps.createOffsetsTopic();
    return refusal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  }
  const partition = deps.partitionOf(groupId);
  const endpoint = metadata.leaderEndpoint(OFFSETS_TOPIC, partition, listener);
  const leader = metadata.partition(OFFSETS_TOPIC, partition)?.leader;
  if (endpoint === undefined || leader === undefined) return refusal(ErrorCode.COORDINATOR_NOT_AVAILABLE);
  const { host, port } = endpoint;
  return { errorCode: ErrorCode.NONE, errorMessage: null, nodeId: leader, host, port };
}

function unserved(keyType: number): Coordinator {
  const kind = keyType === 1 ? 'transactions' : keyType === 2 ? 'share groups' : `keys of type ${keyType}`;
  return refusal(ErrorCode.INVALID_REQUEST, `this broker doesn't coordinate ${kind}`);
}

function refusal(code: number, message = errorInfo(code).message): Coordinator {
  return { errorCode: code, errorMessage: message, nodeId: -1, host: '', port: -1 };
}
