/** A log folder that this broker must not or can't use; the message says what to do. */
export class LogFolderError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'LogFolderError';
  }
}
