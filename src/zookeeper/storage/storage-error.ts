/** Something on disk that a server must not start or go on with. The message names the file, the place in it and what to do. */
export class StorageError extends Error {
  /** e.g. `LOG_CORRUPT`. */
  readonly code: string;
  readonly file: string;
  constructor(code: string, file: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'StorageError';
    this.code = code;
    this.file = file;
  }
}
