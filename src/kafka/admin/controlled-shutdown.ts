import { serve, type ServedApi } from '../broker/served-api.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { controlledShutdown } from '../protocol/messages/07-controlled-shutdown.ts';
import type { AdminDeps } from './admin-deps.ts';

/** ControlledShutdown (7): a broker that wants to stop asks the controller to move its leaderships; it goes when none remain. */
export function controlledShutdownApi(deps: AdminDeps): ServedApi {
  return serve(
    controlledShutdown,
    async ({ brokerId, brokerEpoch }) => {
      const epoch = BigInt(brokerEpoch);
      const answer = await deps.controller.controlledShutdown(brokerId, epoch < 0n ? null : epoch);
      if (answer.outcome !== 'ok') {
        const errorCode =
          answer.outcome === 'staleEpoch' ? ErrorCode.STALE_BROKER_EPOCH : ErrorCode.BROKER_NOT_AVAILABLE;
        return { errorCode, remainingPartitions: [] };
      }
      const remainingPartitions = answer.remaining.map(({ topic, partition }) => ({
        topicName: topic,
        partitionIndex: partition,
      }));
      return { errorCode: ErrorCode.NONE, remainingPartitions };
    },
    { errorResponse: (_request, errorCode) => ({ errorCode, remainingPartitions: [] }) },
  );
}
