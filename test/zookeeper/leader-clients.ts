import { sessionPassword } from '../../src/zookeeper/server/sessions/session-id.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import type { Sessions } from './played-clients.ts';
import type { PlayedEnsemble } from './played-ensemble.ts';
import { hostOf } from './quorum-traces.ts';
import { RawClient } from './raw-client.ts';
import { connectFrame, requests } from './test-server.ts';

const EPHEMERAL = 1;

/** Clients of the leader itself: they ask for what became of it in the recording. */
export class LeaderClients {
  private readonly ensemble: PlayedEnsemble;
  private readonly sessions: Sessions;
  private readonly clients = new Map<bigint, RawClient>();

  constructor(ensemble: PlayedEnsemble, sessions: Sessions) {
    this.ensemble = ensemble;
    this.sessions = sessions;
  }

  async ask({ header, record }: Transaction): Promise<void> {
    const { sessionId, cxid } = header;
    if (record.kind === 'createSession') {
      // A local session becomes one of all with the ephemeral that it asks for next.
      if (this.clients.has(sessionId)) return;
      const client = await this.connect(sessionId);
      client.send(connectFrame({ timeoutMs: record.timeoutMs }));
      return;
    }
    const client = this.clients.get(sessionId) ?? (await this.comeBack(sessionId));
    const data = Buffer.from('data' in record ? (record.data ?? '') : '');
    switch (record.kind) {
      case 'create':
        client.send(requests.create(cxid, record.path, data, record.owner === 0n ? 0 : EPHEMERAL));
        break;
      case 'setData':
        client.send(requests.setData(cxid, record.path, data));
        break;
      case 'closeSession':
        client.send(requests.close(cxid));
        break;
      default:
        throw new Error(`nobody was recorded to ask for ${record.kind} (${header.type}) at a leader`);
    }
  }

  private async connect(sessionId: bigint): Promise<RawClient> {
    const { world, self } = this.ensemble;
    const { runtime } = world.host(`client ${sessionId} ${world.nowMs}`);
    const client = await RawClient.connect(world, runtime, hostOf(self));
    this.clients.set(sessionId, client);
    return client;
  }

  /** Its session is older than the leader's reign, or began at another server; or it is a local one, of which nobody was told. */
  private async comeBack(theirs: bigint): Promise<RawClient> {
    const sessionId = this.sessions.ourIdOf(theirs);
    const client = await this.connect(theirs);
    const there = await client.open({ sessionId, password: sessionPassword(sessionId), timeoutMs: 30_000 });
    if (there?.sessionId !== 0n) return client;
    const anew = await this.connect(theirs);
    const begun = await anew.open({ timeoutMs: 30_000 });
    this.sessions.set(theirs, begun!.sessionId);
    return anew;
  }
}
