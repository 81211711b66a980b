import { FileError } from '../../runtime/runtime.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { RecordsError } from '../records/records-error.ts';

/** Stands before the files of one log: what fails there puts the log's folder out of service, and callers get KafkaErrors. */
export class StorageGuard {
  isClosed = false;
  private readonly folder: string;
  private readonly onFailure: (error: Error) => void;

  constructor(folder: string, onFailure: (error: Error) => void) {
    this.folder = folder;
    this.onFailure = onFailure;
  }

  /** Throws KAFKA_STORAGE_ERROR once the log is closed. */
  requireOpen(): void {
    if (this.isClosed)
      throw new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, `the log in ${this.folder} is closed`);
  }

  /** Runs something that touches files. Throws KAFKA_STORAGE_ERROR, or CORRUPT_MESSAGE for what no batch can be. */
  run<T>(run: () => T): T {
    try {
      return run();
    } catch (error) {
      if (error instanceof FileError) throw this.failed(error);
      if (error instanceof RecordsError) throw new KafkaError(ErrorCode.CORRUPT_MESSAGE, error.message);
      throw error;
    }
  }

  /** Tells of a failure. @returns what to throw. */
  failed(error: unknown): KafkaError {
    const cause = error instanceof Error ? error : new Error(String(error));
    if (!this.isClosed) this.onFailure(cause);
    return new KafkaError(ErrorCode.KAFKA_STORAGE_ERROR, cause.message);
  }
}
