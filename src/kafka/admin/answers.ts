import type { Log } from '../../runtime/runtime.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';

/** An error of one entry of a response. */
export interface ErrorAnswer {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const NOT_CONTROLLER_ANSWER: ErrorAnswer = {
  errorCode: ErrorCode.NOT_CONTROLLER,
  errorMessage: 'This broker is not the controller; Metadata says which one is.',
};

/** What to tell of a failure. One that has no code of its own is logged. */
export function answerOf(error: unknown, log: Log, what: string): ErrorAnswer {
  if (error instanceof KafkaError) return { errorCode: error.code, errorMessage: error.message };
  const cause = error instanceof Error ? error.message : String(error);
  log.error(what, { cause });
  return { errorCode: ErrorCode.UNKNOWN_SERVER_ERROR, errorMessage: `${what} ${cause}` };
}

/** Those that occur more than once. */
export function repeated<T>(values: readonly T[]): Set<T> {
  const seen = new Set<T>();
  const twice = new Set<T>();
  for (const value of values) (seen.has(value) ? twice : seen).add(value);
  return twice;
}
