/** What a server heard while it looked for a leader, and whom it found. */
import type { Notification } from '../../src/zookeeper/quorum/election/election.ts';
import { decodeNotification } from '../../src/zookeeper/quorum/election/messages.ts';
import { type QuorumTrace, type TraceConnection } from './quorum-traces.ts';

export interface HeardAt extends Notification {
  readonly atMs: number;
  readonly from: number;
}

export interface RecordedElection {
  readonly self: number;
  /** When it began to look. */
  readonly atMs: number;
  /** Its own vote, and the round that it began with. */
  readonly own: Notification;
  /** From the end of what it was before to the moment in which it was with a leader. */
  readonly heard: readonly HeardAt[];
  /** Whom it had led or followed before; null: nobody, as a process. */
  readonly before: number | null;
  /** Whom it led or followed then. */
  readonly leader: number;
  /** What it said of that to others; null: nobody asked. */
  readonly said: Notification | null;
}

/** The elections of a server, each from the beginning of the search to the leader that was found. */
export function electionsOf(trace: QuorumTrace, self: number): RecordedElection[] {
  const roles = rolesOf(trace, self);
  const between = new Map(trace.connections.map((each) => [each.id, [each.dialer, each.acceptor]]));
  const all = trace.frames
    .filter(({ kind, connection }) => kind === 'NOTIFICATION' && between.get(connection)!.includes(self))
    .map(({ at, from, hex }) => ({
      atMs: at * 1000,
      from,
      ...decodeNotification(Buffer.from(hex, 'hex').subarray(4))!,
    }));
  return roles.flatMap(({ leader, fromMs, toMs }, i) => {
    const last = roles[i - 1];
    const sinceMs = last?.toMs ?? 0;
    const meanwhile = all.filter(({ atMs }) => atMs > sinceMs && atMs < fromMs);
    const own = meanwhile.find((one) => one.from === self && isOwn(one, self));
    if (own === undefined) return [];
    // A new process counts from 1; what was sent to it before it said something waited for it.
    const isNew = own.round === 1;
    const heard = meanwhile
      .filter(({ from }) => from !== self)
      .map((one) => (isNew ? { ...one, atMs: Math.max(one.atMs, own.atMs) } : one));
    const said = all.find(
      ({ from, state, atMs }) => from === self && state !== 'looking' && atMs > fromMs && atMs < toMs,
    );
    return {
      self,
      atMs: own.atMs,
      own,
      heard,
      before: isNew ? null : (last?.leader ?? null),
      leader,
      said: said ?? null,
    };
  });
}

/** A voter proposes itself first; an observer nobody. */
const isOwn = ({ state, vote }: Notification, self: number): boolean =>
  state === 'looking' && (vote.leader === self || vote.leader < 0);

/** When it led or followed somebody. */
function rolesOf(trace: QuorumTrace, self: number): { leader: number; fromMs: number; toMs: number }[] {
  const roles: { leader: number; fromMs: number; toMs: number }[] = [];
  const own = trace.connections.filter((each) => isOfRole(trace, each, self));
  for (const { acceptor, openedAt, closedAt } of own.sort((a, b) => a.openedAt - b.openedAt)) {
    const last = roles.at(-1);
    const [fromMs, toMs] = [openedAt * 1000, closedAt * 1000];
    // Of a leader there are several at a time.
    if (last !== undefined && last.leader === acceptor && fromMs < last.toMs)
      last.toMs = Math.max(last.toMs, toMs);
    else roles.push({ leader: acceptor, fromMs, toMs });
  }
  return roles;
}

function isOfRole(
  { frames }: QuorumTrace,
  { id, port, dialer, acceptor }: TraceConnection,
  self: number,
): boolean {
  if (port !== 'quorum' || (dialer !== self && acceptor !== self)) return false;
  return frames.some(({ connection, kind }) => connection === id && kind === 'LEADERINFO');
}
