import { Reader } from '../../../wire/reader.ts';
import type { Writer } from '../../../wire/writer.ts';
import { endAnswer } from './answers.ts';

/** What a client says first. */
export interface ConnectRequest {
  readonly lastZxidSeen: number | bigint;
  readonly askedMs: number;
  /** 0: it wants a new session. */
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** Clients before 3.4 don't send readOnly, and aren't sent it. */
  readonly hasReadOnly: boolean;
  /** It is content with a server that has no quorum. */
  readonly readOnly: boolean;
}

/** Throws a WireError. */
export function readConnectRequest(frame: Buffer): ConnectRequest {
  const r = new Reader(frame);
  r.int32();
  const lastZxidSeen = r.int64();
  const askedMs = r.int32();
  const sessionId = r.int64Big();
  const passwordBytes = r.int32();
  const password = r.bytes(Math.max(0, passwordBytes));
  const hasReadOnly = r.remaining > 0;
  return { lastZxidSeen, askedMs, sessionId, password, hasReadOnly, readOnly: hasReadOnly && r.bool() };
}

/** Timeout and id are 0 for a session that is over; `readOnly` is null for clients that don't know of it. @returns the size with the length. */
export function writeConnectResponse(
  w: Writer,
  timeoutMs: number,
  sessionId: bigint,
  password: Buffer,
  readOnly: boolean | null,
): number {
  const at = w.position;
  w.int32(0);
  w.int32(0);
  w.int32(timeoutMs);
  w.int64(sessionId);
  w.int32(password.length);
  w.bytes(password);
  if (readOnly !== null) w.bool(readOnly);
  endAnswer(w, at);
  return w.position - at;
}
