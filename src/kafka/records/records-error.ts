/**
 * Records that can't be what they should be. `corrupt`: a size, checksum or structure that can't be right. `invalid`: well-formed, but
 * not allowed. `unsupported`: a codec that the format doesn't have.
 */
export class RecordsError extends Error {
  readonly reason: 'corrupt' | 'invalid' | 'unsupported';
  constructor(reason: 'corrupt' | 'invalid' | 'unsupported', message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'RecordsError';
    this.reason = reason;
  }
}
