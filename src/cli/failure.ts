/** Ends a command with a sentence on standard error. Exit codes: 1 failed, 2 wrong usage. */
export class CommandFailure extends Error {
  readonly exitCode: 1 | 2;
  /** message: what to print; empty when all has been said already. */
  constructor(message: string, exitCode: 1 | 2 = 1) {
    super(message);
    this.name = 'CommandFailure';
    this.exitCode = exitCode;
  }
}
