import type { ConnectionHost } from '../connection/connection-host.ts';
import { readConnectRequest } from '../connection/handshake.ts';

/** The session that a client asks for. */
export interface SessionWish {
  /** 0: a new one. */
  readonly sessionId: bigint;
  readonly password: Buffer;
  /** Within what the configuration allows. */
  readonly timeoutMs: number;
  /** Whether the answer has the flag that clients know since 3.4. */
  readonly hasReadOnly: boolean;
}

/** Reads a ConnectRequest. Null: the client must look for another server. Throws a WireError. */
export function readWish(
  frame: Buffer,
  host: Pick<ConnectionHost, 'config' | 'isReadOnly' | 'tree' | 'warnings'>,
  place: string,
): SessionWish | null {
  const { lastZxidSeen, askedMs, sessionId, password, hasReadOnly, readOnly } = readConnectRequest(frame);
  // A session of the ensemble isn't gone on with here, for nobody could keep it alive.
  if (host.isReadOnly && (!readOnly || host.tree.sessions.has(sessionId))) return null;
  if (lastZxidSeen > host.tree.lastZxid) {
    host.warnings.warn(
      'ahead',
      `${place} has seen zxid ${lastZxidSeen}, and the last one here is ${host.tree.lastZxid}: it must look for another server`,
    );
    return null;
  }
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = host.config;
  const timeoutMs = Math.min(Math.max(askedMs, minSessionTimeoutMs), maxSessionTimeoutMs);
  return { sessionId, password, timeoutMs, hasReadOnly };
}
