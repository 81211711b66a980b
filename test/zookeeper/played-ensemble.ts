/** One server of ours in a simulated world; the others of its ensemble are played from what Apache's servers once said. */
import { afterPromises } from '../../src/runtime/node/after-promises.ts';
import { createNodeCodecs } from '../../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import type { Connection, Log } from '../../src/runtime/runtime.ts';
import { SimulatedWorld, type SimulatedHost } from '../../src/runtime/simulated/simulated-world.ts';
import { FrameSplitter } from '../../src/wire/frames.ts';
import type { Notification } from '../../src/zookeeper/quorum/election/election.ts';
import {
  decodeInitial,
  decodeNotification,
  encodeInitial,
  encodeNotification,
} from '../../src/zookeeper/quorum/election/messages.ts';
import type { Member } from '../../src/zookeeper/quorum/member.ts';
import { startMember } from '../../src/zookeeper/quorum/start-member.ts';
import { encodePacket } from '../../src/zookeeper/quorum/zab/packets/packet-encoder.ts';
import { PacketStream, type Packet } from '../../src/zookeeper/quorum/zab/packets/packets.ts';
import { parseZooKeeperConfig, type ZooKeeperConfig } from '../../src/zookeeper/server/config/config.ts';
import { hostOf, withHosts, type QuorumTrace } from './quorum-traces.ts';

const SNAPSHOT_END = Buffer.concat([Buffer.from([0, 0, 0, 10]), Buffer.from('BenWasHere')]);
const SNAP = 15;

/** Lines of zoo.cfg that the recordings were made with. */
function extras(name: string): string[] {
  return name.includes('local') ? ['localSessionsEnabled=true', 'localSessionsUpgradingEnabled=true'] : [];
}

/** A connection of the quorum port, seen from the other side. */
export class PlayedConnection {
  /** What ours said, a packet or the body of a snapshot each. */
  readonly heard: Buffer[] = [];
  isClosed = false;
  private readonly connection: Connection;
  private readonly stream = new PacketStream(1 << 24);
  private body: Buffer | null = null;

  constructor(connection: Connection) {
    this.connection = connection;
    connection.start({ data: (bytes) => this.take(bytes), closed: () => (this.isClosed = true) });
  }

  private take(bytes: Buffer): void {
    if (this.body !== null) {
      this.body = Buffer.concat([this.body, bytes]);
      const end = this.body.indexOf(SNAPSHOT_END);
      if (end < 0) return;
      const at = end + SNAPSHOT_END.length;
      const rest = this.body.subarray(at);
      this.heard.push(this.body.subarray(0, at));
      this.body = null;
      this.take(rest);
      return;
    }
    this.stream.push(Buffer.from(bytes));
    for (let p = this.stream.next(); p !== null; p = this.stream.next()) {
      const copy: Packet = { ...p, data: p.data === null ? null : Buffer.from(p.data) };
      this.heard.push(encodePacket(copy));
      if (p.type === SNAP) {
        this.body = Buffer.alloc(0);
        this.take(this.stream.takeRest());
        return;
      }
    }
  }

  send(bytes: Buffer): void {
    this.connection.write(bytes);
  }

  close(): void {
    this.connection.destroy();
  }
}

export class PlayedEnsemble {
  readonly world: SimulatedWorld;
  readonly self: number;
  readonly host: SimulatedHost;
  member: Member | null = null;
  /** What ours said in its log. */
  readonly said: string[] = [];
  /** Connections of ours to the quorum ports of others. */
  readonly dialed: PlayedConnection[] = [];
  /** What server `peer` says to ours in the election, having heard this; null: nothing. */
  answer: (peer: number, heard: Notification) => Notification | null = () => null;
  readonly config: ZooKeeperConfig;
  private readonly others: readonly number[];
  private readonly hosts = new Map<number, SimulatedHost>();

  constructor(trace: QuorumTrace, self: number, role: 'participant' | 'observer', zooCfg = '') {
    this.self = self;
    const say = (message: string): void => void this.said.push(message);
    const log: Log = { debug: () => {}, info: say, warn: say, error: say, with: () => log };
    this.world = new SimulatedWorld({
      seed: self,
      digests: createNodeDigests(),
      codecs: createNodeCodecs(),
      afterPromises,
      log,
      networkMs: [0.05, 0.1],
      disk: { syncMs: [0.1, 0.2] },
    });
    const { tickTime, initLimit, syncLimit } = trace.config;
    const own = `server.${self}=127.0.0.1:232${self}1:232${self}2:${role}`;
    const isDynamic = trace.config.servers[0]!.includes(';');
    const lines = trace.config.servers.filter((line) => !line.startsWith(`server.${self}=`));
    lines.push(isDynamic ? `${own};2181` : own);
    const properties = trace.servers[0]!.properties.map((each) => each.replace('zookeeper.', ''));
    const text = withHosts(
      [
        `tickTime=${tickTime}`,
        `initLimit=${initLimit}`,
        `syncLimit=${syncLimit}`,
        'dataDir=/data',
        'admin.enableServer=false',
        'preAllocSize=64',
        ...(isDynamic ? [] : ['clientPort=2181']),
        ...properties.filter((each) => !each.startsWith('testingonly')),
        ...extras(trace.name),
        zooCfg,
        ...lines.map((line) => line.replace(/;127\.0\.0\.1:\d+/, ';2181')),
      ].join('\n'),
    );
    const { config, problems } = parseZooKeeperConfig(text, 'zoo.cfg');
    if (config === null) throw new Error(problems.map((p) => p.message).join('; '));
    this.config = config;
    this.host = this.world.host(hostOf(self));
    this.others = trace.servers.map(({ id }) => id).filter((id) => id !== self);
    for (const id of this.others) this.hosts.set(id, this.world.host(hostOf(id)));
  }

  async start(): Promise<void> {
    for (const id of this.others) {
      const { network } = this.hosts.get(id)!.runtime;
      await network.listen({ host: '', port: Number(`232${id}1`) }, (connection) =>
        this.dialed.push(new PlayedConnection(connection)),
      );
      await network.listen({ host: '', port: Number(`232${id}2`) }, (c) => this.vote(id, c, true));
    }
    await this.startOurs();
  }

  async startOurs(): Promise<void> {
    const runtime = this.member === null ? this.host.runtime : this.host.restart();
    const { files } = runtime;
    files.makeFolder('/data');
    const file = files.open('/data/myid', 'write');
    file.write(Buffer.from(String(this.self)), 0);
    file.close();
    this.member = await this.world.play(() => startMember(runtime, this.config, {}));
    this.member.failure.catch(() => {});
  }

  async restart(): Promise<void> {
    this.host.kill({ keepCache: true });
    await this.startOurs();
  }

  /** Dials the quorum port of ours. */
  async dial(from: number): Promise<PlayedConnection> {
    const to = { host: hostOf(this.self), port: Number(`232${this.self}1`) };
    const { network } = this.hosts.get(from)!.runtime;
    return new PlayedConnection(await this.world.play(() => network.connect(to, { timeoutMs: 1000 })));
  }

  /** One connection of the election port; the one with the larger number must have dialed it. */
  private vote(peer: number, connection: Connection, isAccepted: boolean): void {
    const splitter = new FrameSplitter(1 << 20);
    let introduced = !isAccepted;
    const hear = (bytes: Buffer): void =>
      splitter.push(bytes, (frame) => {
        const heard = decodeNotification(frame);
        const answer = heard === null ? null : this.answer(peer, heard);
        if (answer !== null) connection.write(encodeNotification(answer, ''));
      });
    connection.start({
      data: (bytes) => {
        if (introduced) {
          hear(bytes);
          return;
        }
        introduced = true;
        const initial = decodeInitial(bytes)!;
        if (initial.from < peer) {
          connection.destroy();
          this.dialBack(peer);
        } else if (bytes.length > initial.bytes) hear(bytes.subarray(initial.bytes));
      },
      closed: () => {},
    });
  }

  private dialBack(peer: number): void {
    const to = { host: hostOf(this.self), port: Number(`232${this.self}2`) };
    this.hosts
      .get(peer)!
      .runtime.network.connect(to)
      .then(
        (connection) => {
          connection.write(encodeInitial(peer, [{ host: hostOf(peer), port: Number(`232${peer}2`) }]));
          this.vote(peer, connection, false);
        },
        () => undefined,
      );
  }
}
