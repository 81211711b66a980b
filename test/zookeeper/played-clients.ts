/** Clients that do again what clients of the recorded servers did. */
import { OpCode } from '../../src/zookeeper/jute/op-code.ts';
import { sessionPassword } from '../../src/zookeeper/server/sessions/session-id.ts';
import type { PlayedEnsemble } from './played-ensemble.ts';
import { hostOf } from './quorum-traces.ts';
import { RawClient } from './raw-client.ts';
import { connectFrame } from './test-server.ts';

/** Sessions that ours made in the place of Apache's. */
export class Sessions {
  private readonly ours = new Map<bigint, bigint>();
  readonly clients = new Map<bigint, RawClient>();

  set(theirs: bigint, ours: bigint): void {
    this.ours.set(theirs, ours);
  }

  ourIdOf(theirs: bigint): bigint {
    return this.ours.get(theirs) ?? theirs;
  }

  toOurs(bytes: Buffer): Buffer {
    return [...this.ours].reduce((all, [theirs, ours]) => replaced(all, theirs, ours), bytes);
  }

  toTheirs(bytes: Buffer): Buffer {
    return [...this.ours].reduce((all, [theirs, ours]) => replaced(all, ours, theirs), bytes);
  }
}

function replaced(bytes: Buffer, from: bigint, to: bigint): Buffer {
  const needle = Buffer.alloc(8);
  needle.writeBigInt64BE(from);
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(needle); at >= 0; at = copy.indexOf(needle, at + 8))
    copy.writeBigInt64BE(to, at);
  return copy;
}

/** What a client must do so that a server says this to its leader. */
export async function drive(
  ensemble: PlayedEnsemble,
  sessions: Sessions,
  kind: string,
  data: Buffer,
): Promise<void> {
  const { world } = ensemble;
  const session = data.readBigInt64BE(0);
  const open = async (options: Parameters<typeof connectFrame>[0]): Promise<void> => {
    const name = `client ${session} ${world.nowMs}`;
    const client = await RawClient.connect(world, world.host(name).runtime, hostOf(ensemble.self));
    sessions.clients.set(session, client);
    client.send(connectFrame(options));
    await world.run(world.nowMs + 5);
  };
  if (kind === 'REVALIDATE') {
    const sessionId = sessions.ourIdOf(session);
    await open({ sessionId, password: sessionPassword(sessionId), timeoutMs: data.readInt32BE(8) });
    return;
  }
  const type = data.readInt32BE(12);
  if (type === OpCode.createSession) {
    if (!sessions.clients.has(session)) await open({ timeoutMs: data.readInt32BE(16) });
    return;
  }
  if (!sessions.clients.has(session)) await open({ timeoutMs: 30_000 });
  const frame = Buffer.concat([Buffer.alloc(4), data.subarray(8)]);
  frame.writeInt32BE(frame.length - 4, 0);
  sessions.clients.get(session)!.send(frame);
  await world.run(world.nowMs + 2);
}
