import { ErrorCode } from '../../jute/error-code.ts';
import type { ServerRole } from '../../server/role.ts';

/**
 * A server that has lost its quorum, for clients that are content to read what it has (readonlymode.enabled). All sessions are its
 * own, and end with it; writes and `sync` are answered NotReadOnly.
 */
export const readOnlyRole = (serverId: number): ServerRole => ({
  mode: 'read-only',
  serverId,
  decides: false,
  makeWrites: (server) => ({
    outstanding: 0,
    submit: (request) => {
      const result = { error: ErrorCode.NotReadOnly, path: '', node: null, parts: null };
      request.requester?.answerWrite(request, server.tree.lastZxid, result, server.clock.monotonicMs());
    },
  }),
  revalidate: (_server, _sessionId, _timeoutMs, then) => then(false),
});
