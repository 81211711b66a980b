import type { MemberView } from './member-view.ts';
import { RequestPipeline, type WritePath } from './pipeline/pipeline.ts';
import { StandaloneProposer } from './pipeline/proposer.ts';
import type { Server } from './server.ts';

export type ServerMode = 'standalone' | 'leader' | 'follower' | 'observer' | 'read-only';

/** What differs between a server that stands alone, one that leads an ensemble, and one that follows. */
export interface ServerRole {
  readonly mode: ServerMode;
  /** The ensemble; without it the server stands alone. */
  readonly member?: MemberView;
  /** On top of the ids of the sessions that begin here. */
  readonly serverId: number;
  /** Whether sessions expire, and containers go, by this server's decision. */
  readonly decides: boolean;
  makeWrites(server: Server): WritePath;
  /** Tells, maybe later, whether a session that a client wants to go on with is alive; from then on it is this server's. */
  revalidate(server: Server, sessionId: bigint, timeoutMs: number, then: (isAlive: boolean) => void): void;
}

/** Apache's standalone server calls itself 1: ids look like 0x100… */
const STANDALONE_ID = 1;

export const standaloneRole: ServerRole = {
  mode: 'standalone',
  serverId: STANDALONE_ID,
  decides: true,
  makeWrites: (server) =>
    new RequestPipeline(
      server.storage,
      server.newPreparer(),
      server.clock,
      server,
      (listener) => new StandaloneProposer(server.storage, server.clock, server.metrics, listener),
    ),
  revalidate: (server, sessionId, _timeoutMs, then) => then(isAlive(server, sessionId)),
};

/** Whether the ensemble has a session, and keeps it. */
export function isAlive(server: Server, sessionId: bigint): boolean {
  const session = server.sessions.get(sessionId);
  return session !== undefined && !session.closing && !session.isLocal;
}
