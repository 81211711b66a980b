import { NetworkError, type Connection, type Endpoint, type Network } from '../../../../runtime/runtime.ts';
import type { MemberConfig } from '../../../server/config/server-line.ts';
import type { MemberContext } from '../../member-context.ts';
import { connectAny } from '../../network/connect-any.ts';
import { addressBehind, isChecked, probe } from '../../network/reachability.ts';

/** A leader opens its port a moment after it was elected: so often it is tried, ever more slowly, while it isn't known to be gone. */
const TRY_PAUSES_MS = [20, 40, 80, 100, 100, 100, 100, 200, 200, 200, 400, 400];

/** A leader of whom nothing was heard for so many half ticks, in which it sends as many pings, may be out of reach. */
const SILENT_HALF_TICKS = 2;

const STOPS = 'this server stops';

/** How a learner gets to its leader, or as an observer to a follower that takes it in; and whether that way is still there. */
export class WayToLeader {
  /** Whom it leads to. */
  masterId: number;
  private readonly context: MemberContext;
  private readonly leader: MemberConfig;
  private silentHalfTicks = 0;
  private isChecking = false;
  /** It ended, or looks for a leader itself, before it took this server's connection. */
  private isLeaderGone = false;
  private isOver = false;

  constructor(context: MemberContext, leader: MemberConfig) {
    this.context = context;
    this.leader = leader;
    this.masterId = leader.id;
  }

  /** @returns a connection, or why there is none. */
  async find(): Promise<Connection | string> {
    const { config, runtime } = this.context;
    for (const { id, addresses } of this.masters()) {
      const places = addresses.map(({ host }) => ({ host, port: config.observerMasterPort }));
      const connection = await this.dial(places, [], Number.POSITIVE_INFINITY);
      if (typeof connection === 'string') continue;
      this.masterId = id;
      runtime.log.info(`this server observes by way of server ${id}`);
      return connection;
    }
    const limitTicks = config.connectToLearnerMasterLimit || config.initLimit;
    const giveUpAtMs = this.now + limitTicks * config.tickTimeMs;
    const found = await this.dial(this.places, TRY_PAUSES_MS, giveUpAtMs);
    return typeof found === 'string' && !this.isOver ? `it does not take connections (${found})` : found;
  }

  /** Nobody wants to get there any more. */
  leave(): void {
    this.isOver = true;
  }

  /** Something came. */
  heard(): void {
    this.silentHalfTicks = 0;
  }

  /**
   * To be asked each half tick; `inUse`: the address of the connection. The network between here and the leader may have gone, of which
   * a connection tells nothing. The leader counts on this server until syncLimit: when it is followed again by another way before, it
   * goes on leading. Resolves to whether that should be done.
   */
  async isLost(inUse: string): Promise<boolean> {
    const { context, leader } = this;
    this.silentHalfTicks += 1;
    if (this.silentHalfTicks <= SILENT_HALF_TICKS || this.isChecking || this.masterId !== leader.id)
      return false;
    if (!isChecked(context.config, leader.addresses)) return false;
    this.isChecking = true;
    const { reachabilityCheckTimeoutMs: timeoutMs } = context.config;
    const isLost = await wayLost(context.runtime.network, this.places, inUse, timeoutMs);
    this.isChecking = false;
    return isLost && !this.isOver && this.silentHalfTicks > 0;
  }

  private get now(): number {
    return this.context.runtime.clock.monotonicMs();
  }

  /** Where the leader takes learners. */
  private get places(): Endpoint[] {
    return this.leader.addresses.map(({ host, quorumPort: port }) => ({ host, port }));
  }

  /** Followers that an observer may ask instead of the leader, in any order. */
  private masters(): MemberConfig[] {
    const { config, self, ensemble, runtime } = this.context;
    if (self.role !== 'observer' || config.observerMasterPort <= 0) return [];
    return ensemble.members
      .filter(({ id, role }) => role === 'participant' && id !== this.leader.id)
      .map((member) => ({ member, place: runtime.random.float() }))
      .sort((a, b) => a.place - b.place)
      .map(({ member }) => member);
  }

  /** @returns a connection, or why there is none. */
  private async dial(
    places: readonly Endpoint[],
    pausesMs: readonly number[],
    giveUpAtMs: number,
  ): Promise<Connection | string> {
    const { peers, config, runtime } = this.context;
    if (this.isOver) return STOPS;
    const isWanted = (): boolean => !this.isOver && !this.isLeaderGone && this.now < giveUpAtMs;
    const refused = (): void => void this.askForLeader();
    try {
      const { tcpKeepAlive: keepAlive } = config;
      const timeoutMs = Math.min(config.tickTimeMs * config.syncLimit, giveUpAtMs - this.now);
      const options = { timeoutMs, keepAlive, pausesMs, refused, isWanted };
      return await connectAny(peers.quorum, runtime, places, options);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      return this.isOver ? STOPS : error.message;
    }
  }

  /** Its port isn't open: is it about to be? */
  private async askForLeader(): Promise<void> {
    if (await this.context.leadsNoMore(this.leader.id)) this.isLeaderGone = true;
  }
}

/** Whether the address in use, of numbers, can't be reached any more while another of the leader's takes connections. */
async function wayLost(
  network: Network,
  places: readonly Endpoint[],
  inUse: string,
  timeoutMs: number,
): Promise<boolean> {
  const used = await addressBehind(network, places, inUse);
  const others = places.filter((place) => place !== used);
  const answers = [{ host: inUse, port: used.port }, ...others].map((at) => probe(network, at, timeoutMs));
  const [ofUsed, ...ofOthers] = await Promise.all(answers);
  return ofUsed === 'silent' && ofOthers.includes('taken');
}
