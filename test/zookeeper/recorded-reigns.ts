/** What Apache's leaders were told, and what they answered: the recordings of the quorum port, an epoch of a leader each. */
import { readProposal } from '../../src/zookeeper/quorum/zab/history.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import { epochOf } from '../../src/zookeeper/tree/transactions/zxid.ts';
import {
  bytesOf,
  dataOf,
  zxidOf,
  type QuorumTrace,
  type TraceConnection,
  type TraceFrame,
} from './quorum-traces.ts';

export interface Reign {
  readonly trace: QuorumTrace;
  readonly leader: number;
  readonly epoch: number;
  /** Of its learners. */
  readonly connections: readonly TraceConnection[];
  readonly frames: readonly TraceFrame[];
}

export function reignsIn(trace: QuorumTrace): Reign[] {
  const reigns = new Map<string, TraceConnection[]>();
  for (const connection of trace.connections.filter(({ port }) => port === 'quorum')) {
    const info = trace.frames.find(
      (frame) => frame.connection === connection.id && frame.kind === 'LEADERINFO',
    );
    if (info === undefined) continue;
    const key = `${connection.acceptor} ${epochOf(zxidOf(bytesOf(info)))}`;
    reigns.set(key, [...(reigns.get(key) ?? []), connection]);
  }
  return [...reigns].map(([key, connections]) => {
    const [leader, epoch] = key.split(' ').map(Number);
    const ids = new Set(connections.map(({ id }) => id));
    const frames = trace.frames.filter(({ connection }) => ids.has(connection));
    return { trace, leader: leader!, epoch: epoch!, connections, frames };
  });
}

/** Where the leader's log ended when it came to lead: the first sync begins with that. */
export function beginningOf({ frames }: Reign): number {
  return zxidOf(bytesOf(frames.find(({ kind }) => ['DIFF', 'TRUNC', 'SNAP'].includes(kind))!));
}

/** The transaction in a PROPOSAL or an INFORM. */
export const transactionIn = (bytes: Buffer): Transaction => readProposal(dataOf(bytes)).transaction;

/** Of each request that learners forwarded, and each transaction that came of one. */
export const requestKey = (session: bigint, cxid: number): string => `${session} ${cxid}`;
