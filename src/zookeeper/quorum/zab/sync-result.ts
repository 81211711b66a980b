import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import { readUstring } from '../../jute/primitives.ts';
import type { Request } from '../../server/pipeline/request.ts';
import type { ApplyResult } from '../../tree/transactions/apply-result.ts';

/** The answer to a client's sync, when all before it is applied: the path that it named, if it can be read. */
export function syncResult({ body, start, end }: Request): ApplyResult {
  try {
    const path = readUstring(new Reader(body, start, end)) ?? '';
    return { error: 0, path, node: null, parts: null };
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return { error: ErrorCode.MarshallingError, path: '', node: null, parts: null };
  }
}
