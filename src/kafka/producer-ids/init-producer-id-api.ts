import { serve, type ServedApi } from '../broker/served-api.ts';
import type { ResponseDraft } from '../protocol/api.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { initProducerId } from '../protocol/messages/22-init-producer-id.ts';
import type { ProducerIds } from './producer-ids.ts';

/**
 * InitProducerId for idempotent producers (KIP-98, KIP-360): each gets a new id. A transactional id is refused with INVALID_REQUEST,
 * since this broker coordinates no transactions; an answer that could be retried would keep the producer waiting for ever.
 */
export function initProducerIdApi(ids: ProducerIds): ServedApi {
  return serve(
    initProducerId,
    async ({ transactionalId, producerId, producerEpoch }) => {
      if (transactionalId !== null) return refused(ErrorCode.INVALID_REQUEST);
      // One that has an id already asks for another, for instance when its epochs are used up: it must say both or neither.
      if ((producerId === -1) !== (producerEpoch === -1)) return refused(ErrorCode.INVALID_REQUEST);
      return {
        throttleTimeMs: 0,
        errorCode: ErrorCode.NONE,
        producerId: await ids.take(),
        producerEpoch: 0,
      };
    },
    { errorResponse: (_, code) => refused(code) },
  );
}

function refused(errorCode: number): ResponseDraft<typeof initProducerId> {
  return { throttleTimeMs: 0, errorCode, producerId: -1, producerEpoch: -1 };
}
