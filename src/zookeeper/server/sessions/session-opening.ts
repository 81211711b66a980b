import { OpCode } from '../../jute/op-code.ts';
import type { ConnectionHost } from '../connection/connection-host.ts';
import type { ClientConnection } from '../connection/connection.ts';
import { writeConnectResponse } from '../connection/handshake.ts';
import { sessionPassword } from './session-id.ts';
import { readWish } from './session-wish.ts';

/** How a connection gets its session: a new one, or one that its client has already. */
export class SessionOpening {
  /** The session is being looked up: nothing more is to come before the answer. */
  isUnderway = false;
  private readonly host: ConnectionHost;
  private readonly client: ClientConnection;
  private hasReadOnly = true;

  constructor(host: ConnectionHost, client: ClientConnection) {
    this.host = host;
    this.client = client;
  }

  /** The ConnectRequest came. Throws a WireError. */
  begin(frame: Buffer): void {
    this.host.metrics.connectionRequests += 1;
    const wish = readWish(frame, this.host, this.client.place);
    if (wish === null) {
      this.client.close();
      return;
    }
    this.hasReadOnly = wish.hasReadOnly;
    if (wish.sessionId === 0n) this.open(wish.timeoutMs);
    else this.goOn(wish.sessionId, wish.password, wish.timeoutMs);
  }

  /** The session is there, as of `zxid`, unless there is an ErrorCode. */
  end(zxid: number, error: number): void {
    const { client } = this;
    const session = client.session!;
    if (error === 0) {
      this.answer(session.timeoutMs, session.id, sessionPassword(session.id));
      client.account.welcomed(zxid, client.nowMs);
    } else this.reject();
  }

  private open(timeoutMs: number): void {
    const { client, host } = this;
    const session = host.newSession(timeoutMs, client, client.nowMs);
    client.session = session;
    if (session.isLocal) {
      this.end(host.tree.lastZxid, 0);
      return;
    }
    const body = Buffer.alloc(4);
    body.writeInt32BE(timeoutMs);
    client.write(0, OpCode.createSession, body, 0, 4);
  }

  /** The connection that held the session goes, even if the password turns out to be wrong: so do Apache's servers. */
  private goOn(sessionId: bigint, password: Buffer, timeoutMs: number): void {
    const { client, host } = this;
    host.sessions.get(sessionId)?.connection?.close();
    if (!sessionPassword(sessionId).equals(password)) {
      this.reject();
      return;
    }
    this.isUnderway = true;
    host.reopen(client, sessionId, timeoutMs, (session) => {
      this.isUnderway = false;
      if (client.isOver) return;
      if (session === null) {
        this.reject();
        return;
      }
      client.session = session;
      host.metrics.revalidations += 1;
      this.end(host.tree.lastZxid, 0);
      client.flush();
    });
  }

  /** Tells the client that its session is over. */
  private reject(): void {
    this.answer(0, 0n, Buffer.alloc(16));
    this.client.close();
  }

  private answer(timeoutMs: number, sessionId: bigint, password: Buffer): void {
    const { client } = this;
    const readOnly = this.hasReadOnly ? this.host.isReadOnly : null;
    client.account.responded(writeConnectResponse(client.writer(), timeoutMs, sessionId, password, readOnly));
  }
}
