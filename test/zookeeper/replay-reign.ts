/** A leader of ours in the place of a recorded one. */
import { PacketType } from '../../src/zookeeper/quorum/zab/packets/packets.ts';
import { bringTo } from './bring-to.ts';
import { answersIn, isPing, strangePings } from './leader-answers.ts';
import { LeaderClients } from './leader-clients.ts';
import { Sessions } from './played-clients.ts';
import { PlayedEnsemble, type PlayedConnection } from './played-ensemble.ts';
import { bytesOf, dataOf, zxidOf, type QuorumTrace, type TraceFrame } from './quorum-traces.ts';
import { beginningOf, requestKey, transactionIn, type Reign } from './recorded-reigns.ts';

/** So long ours may take for what theirs did at that moment; a session that nobody touches ends by the clock. */
const PATIENCE_MS = 300;
const EXPIRY_MS = 3000;

/** What a leader said on one connection. */
export interface Answers {
  readonly id: number;
  /** Where the learner's log ended. */
  readonly from: number;
  readonly ours: string[];
  readonly theirs: string[];
  readonly pings: { readonly ours: readonly string[]; readonly theirs: readonly string[] };
}

/** What the recorded servers had in theirs. */
function zooCfgOf({ name }: QuorumTrace): string {
  if (name.includes('reconfig')) return 'maxSessionTimeout=60000\nreconfigEnabled=true';
  const groups = name.includes('weights') ? 'group.1=1:2:3\nweight.1=1\nweight.2=1\nweight.3=0' : '';
  return `maxSessionTimeout=60000\n${groups}`;
}

/** Says what the recorded learners said, at the same moments; the leader's own clients ask for what no learner asked. */
export async function replayReign(reign: Reign): Promise<Answers[]> {
  const replay = new ReignReplay(reign);
  await replay.begin();
  await replay.run();
  return replay.answers();
}

class ReignReplay {
  private readonly reign: Reign;
  private readonly ensemble: PlayedEnsemble;
  private readonly sessions = new Sessions();
  private readonly clients: LeaderClients;
  /** What learners forwarded. */
  private readonly requested: ReadonlySet<string>;
  private readonly open = new Map<number, PlayedConnection>();
  private readonly theirs: ReadonlyMap<number, Buffer[]>;

  constructor(reign: Reign) {
    const { trace, leader, frames, connections } = reign;
    this.reign = reign;
    this.ensemble = new PlayedEnsemble(trace, leader, 'participant', zooCfgOf(trace));
    this.clients = new LeaderClients(this.ensemble, this.sessions);
    const requests = frames.filter(({ kind }) => kind === 'REQUEST').map((frame) => dataOf(bytesOf(frame)));
    this.requested = new Set(requests.map((data) => requestKey(data.readBigInt64BE(0), data.readInt32BE(8))));
    this.theirs = new Map(connections.map(({ id }) => [id, []]));
  }

  /** Ours gets the log that theirs had, and is elected. */
  async begin(): Promise<void> {
    const { ensemble, reign } = this;
    const { trace, leader, epoch } = reign;
    await ensemble.start();
    const other = ensemble.config.members.find(({ id }) => id !== leader)!.id;
    await bringTo(ensemble, trace, other, beginningOf(reign), epoch - 1, epoch - 1);
    ensemble.answer = (_, { vote, round }) =>
      vote.leader === leader ? { state: 'looking', vote, round } : null;
  }

  async run(): Promise<void> {
    const { frames, connections } = this.reign;
    const { world } = this.ensemble;
    const events = [
      ...frames.map((frame) => ({ at: frame.at, happen: () => this.said(frame) })),
      ...connections.map(({ id, closedAt }) => ({ at: closedAt, happen: () => this.closed(id) })),
    ].sort((a, b) => a.at - b.at);
    const begunAtMs = world.nowMs - events[0]!.at * 1000;
    for (const { at, happen } of events) {
      await world.run(Math.max(world.nowMs, begunAtMs + at * 1000));
      await happen();
    }
  }

  answers(): Answers[] {
    const { trace, leader, epoch, frames, connections } = this.reign;
    const is34 = (server: number): boolean =>
      trace.servers.find(({ id }) => id === server)!.version.startsWith('3.4');
    return connections.map(({ id, dialer }) => {
      const talk = { leader, isLeaderOf34: is34(leader), isLearnerOf34: is34(dialer) };
      const ack = frames.find(({ connection, kind }) => connection === id && kind === 'ACKEPOCH')!;
      const ours = this.open.get(id)!.heard;
      const theirs = this.theirs.get(id)!;
      return {
        id,
        from: zxidOf(bytesOf(ack)),
        ours: answersIn(ours, { ...talk, sessions: this.sessions }),
        theirs: answersIn(theirs, { ...talk, sessions: null }),
        pings: { ours: strangePings(ours, epoch), theirs: strangePings(theirs, epoch) },
      };
    });
  }

  private async said(frame: TraceFrame): Promise<void> {
    const { connection: id, kind, from } = frame;
    const bytes = bytesOf(frame);
    if (from === this.reign.leader) {
      this.theirs.get(id)!.push(bytes);
      if (kind === 'PROPOSAL') await this.bringAbout(bytes);
      return;
    }
    if (!this.open.has(id)) this.open.set(id, await this.dialled(from));
    await this.untilAnswered(id);
    this.open.get(id)!.send(this.sessions.toOurs(bytes));
  }

  /** The next transaction is about to be told: whoever asked for it does so. */
  private async bringAbout(bytes: Buffer): Promise<void> {
    const { world } = this.ensemble;
    const zxid = zxidOf(bytes);
    const { header, record } = transactionIn(bytes);
    const isAsked = this.requested.has(requestKey(header.sessionId, header.cxid));
    const isExpiry = record.kind === 'closeSession' && header.cxid === 0;
    if (this.proposed(zxid) === null && !isAsked && !isExpiry) await this.clients.ask({ header, record });
    await world.run(() => this.proposed(zxid) !== null, isExpiry ? EXPIRY_MS : PATIENCE_MS);
    const ours = this.proposed(zxid);
    if (record.kind === 'createSession' && ours !== null)
      this.sessions.set(header.sessionId, transactionIn(ours).header.sessionId);
  }

  private proposed(zxid: number): Buffer | null {
    for (const { heard } of this.open.values())
      for (const bytes of heard)
        if (bytes.readInt32BE(0) === PacketType.PROPOSAL && zxidOf(bytes) === zxid) return bytes;
    return null;
  }

  private async closed(id: number): Promise<void> {
    await this.untilAnswered(id);
    this.open.get(id)!.close();
  }

  /** Ours has said as much as theirs. */
  private async untilAnswered(id: number): Promise<void> {
    const count = (all: readonly Buffer[]): number => all.filter((bytes) => !isPing(bytes)).length;
    const due = count(this.theirs.get(id)!);
    await this.ensemble.world.run(() => count(this.open.get(id)!.heard) >= due, PATIENCE_MS);
  }

  /** Ours may not listen yet. */
  private async dialled(from: number): Promise<PlayedConnection> {
    const { ensemble } = this;
    for (let tries = 0; tries < 100; tries++)
      try {
        return await ensemble.dial(from);
      } catch {
        await ensemble.world.run(ensemble.world.nowMs + 10);
      }
    throw new Error(`it doesn't lead: ${ensemble.said.slice(-3).join(' / ')}`);
  }
}
