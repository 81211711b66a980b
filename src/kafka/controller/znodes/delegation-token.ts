import { encodeJson, JsonFields } from './json.ts';

/** A delegation token as `/delegation_token/tokens/<id>` keeps it; its secret is derived, not stored. Times are ms since 1970. */
export interface StoredToken {
  readonly tokenId: string;
  /** `User:alice` */
  readonly owner: string;
  readonly renewers: readonly string[];
  readonly issuedMs: number;
  readonly expiresMs: number;
  readonly latestMs: number;
}

export function encodeToken(token: StoredToken): Buffer {
  return encodeJson({
    issueTimestamp: token.issuedMs,
    renewers: token.renewers.map(encodeURIComponent),
    maxTimestamp: token.latestMs,
    version: 1,
    tokenId: token.tokenId,
    owner: encodeURIComponent(token.owner),
    expiryTimestamp: token.expiresMs,
  });
}

export function decodeToken(path: string, data: Buffer | null): StoredToken {
  const fields = JsonFields.parse(path, data);
  return {
    tokenId: fields.text('tokenId'),
    owner: decodeURIComponent(fields.text('owner')),
    renewers: fields.has('renewers') ? fields.texts('renewers').map(decodeURIComponent) : [],
    issuedMs: fields.integer('issueTimestamp'),
    expiresMs: fields.integer('expiryTimestamp'),
    latestMs: fields.integer('maxTimestamp'),
  };
}
