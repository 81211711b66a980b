/** Why a broker doesn't start, as one sentence for its operator. `code` stays the same when the words change. */
export class StartError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = 'StartError';
    this.code = code;
  }
}
