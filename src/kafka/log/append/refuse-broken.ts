import { CodecError } from '../../../runtime/runtime.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { RecordsError } from '../../records/records-error.ts';

/**
 * Runs a look into records that came over the network. Throws a KafkaError for what can't be read in them: UNSUPPORTED_COMPRESSION_TYPE or
 * CORRUPT_MESSAGE.
 */
export function refuseBroken<T>(look: () => T): T {
  try {
    return look();
  } catch (error) {
    if (error instanceof RecordsError)
      throw new KafkaError(
        error.reason === 'unsupported' ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE : ErrorCode.CORRUPT_MESSAGE,
        error.message,
      );
    if (error instanceof WireError || error instanceof CodecError)
      throw new KafkaError(ErrorCode.CORRUPT_MESSAGE, error.message);
    throw error;
  }
}
