import type { QuorumVerifier } from '../configuration/quorum-verifier.ts';
import { isBetter, isSame, type Vote } from './vote.ts';

export type PeerState = 'looking' | 'following' | 'leading' | 'observing';

/** What servers tell each other on the election port. */
export interface Notification {
  readonly state: PeerState;
  readonly vote: Vote;
  /** The sender's count of elections. */
  readonly round: number;
}

/** Who takes part. */
export interface Electorate {
  readonly voters: readonly number[];
  readonly verifier: QuorumVerifier;
  /** Voters of a configuration that is on its way: they are told, too. */
  readonly told?: readonly number[];
}

export interface ElectionPauses {
  /** Without news all are told again: first after so long, then ever more rarely, down to the longest. ms */
  readonly firstRepeatMs: number;
  readonly longestRepeatMs: number;
}

export type ElectionInput = { readonly now: number } & (
  | { readonly kind: 'look'; readonly zxid: number; readonly epoch: number }
  | ({ readonly kind: 'notification'; readonly from: number } & Notification)
  /** The leader that was elected is in place, and its epoch agreed on. */
  | { readonly kind: 'established'; readonly epoch: number }
  /** It leads or follows no more, and will look again when its log is settled: till then it recommends nobody. */
  | { readonly kind: 'left' }
  | { readonly kind: 'timer' }
  /** A reconfiguration named the leader: there is no vote. */
  | ({ readonly kind: 'appointed' } & Vote)
  /** Others take part from now on. While it looks for a leader, it must be told to look anew. */
  | { readonly kind: 'electorate'; readonly electorate: Electorate }
);

export type ElectionOutput =
  | { readonly kind: 'send'; readonly to: number; readonly notification: Notification }
  | { readonly kind: 'decide'; readonly vote: Vote };

/** After so long without better votes a quorum's choice stands. */
const FINALIZE_MS = 200;
const usualPauses: ElectionPauses = { firstRepeatMs: 200, longestRepeatMs: 3200 };
const NEVER = Number.POSITIVE_INFINITY;
/** Behind it comes the first again, so that who claims to be there can't bring the others to a round that none can tell. */
export const LAST_ROUND = Number.MAX_SAFE_INTEGER;
/** Who asks who leads is told once it is known: so many, the last ones. A server asks again and again, so it is among them. */
const MOST_ASKERS = 256;
/** Numbers that no vote of a voter has: observers propose nobody. */
const NOBODY = -(2 ** 63);

/**
 * Fast leader election, as one server sees it. Each round every voter tells its choice, takes over better ones, and decides when a
 * quorum agrees. Who is late is told by those in place. It only decides: a shell owns time and connections. Ask `wakeAt` when to
 * step with `timer`.
 */
export class Election {
  private readonly self: number;
  private readonly pauses: ElectionPauses;
  private electorate: Electorate;
  private state: PeerState = 'looking';
  private round = 0;
  private initial: Vote = { leader: NOBODY, zxid: NOBODY, epoch: NOBODY };
  private vote = this.initial;
  /** The choices of this round. */
  private readonly choices = new Map<number, Vote>();
  /** What servers in place say: they may be of any round. */
  private readonly inPlace = new Map<number, Notification>();
  /** Choices of a round that this server hasn't begun yet: others noticed earlier that the leader is gone. */
  private readonly early = new Map<number, Notification>();
  /** Strangers and observers that asked while nobody led. */
  private readonly askers = new Set<number>();
  private hasLeft = false;
  private decideAt = NEVER;
  private repeatAt = NEVER;
  private repeatMs: number;

  constructor(self: number, electorate: Electorate, pauses = usualPauses) {
    this.self = self;
    this.electorate = electorate;
    this.pauses = pauses;
    this.repeatMs = pauses.firstRepeatMs;
  }

  private isVoter(server: number): boolean {
    return this.electorate.voters.includes(server);
  }

  /** When it wants to be stepped by the timer. */
  get wakeAt(): number {
    return Math.min(this.decideAt, this.repeatAt);
  }

  /** Whether it said that it looks for a leader in a later round, while this server doesn't look for one. */
  looksAgain(server: number): boolean {
    return this.early.has(server);
  }

  step(input: ElectionInput, out: ElectionOutput[]): void {
    switch (input.kind) {
      case 'look':
        this.look(input.now, input.zxid, input.epoch, out);
        break;
      case 'notification':
        this.notified(input.now, input.from, input, out);
        break;
      case 'established':
        this.vote = { ...this.vote, epoch: input.epoch };
        for (const to of this.askers) this.tell(to, out);
        this.askers.clear();
        break;
      case 'left':
        this.hasLeft = true;
        break;
      case 'timer':
        this.timer(input.now, out);
        break;
      case 'appointed':
        this.hasLeft = false;
        this.decide({ leader: input.leader, zxid: input.zxid, epoch: input.epoch }, []);
        break;
      case 'electorate':
        this.electorate = input.electorate;
        if (this.state === 'following' || this.state === 'observing')
          this.state = this.isVoter(this.self) ? 'following' : 'observing';
        break;
    }
  }

  private look(now: number, zxid: number, epoch: number, out: ElectionOutput[]): void {
    this.state = 'looking';
    this.hasLeft = false;
    this.round = this.round < LAST_ROUND ? this.round + 1 : 1;
    this.choices.clear();
    this.inPlace.clear();
    this.decideAt = NEVER;
    this.repeatMs = this.pauses.firstRepeatMs;
    this.repeatAt = now + this.repeatMs;
    this.initial = this.isVoter(this.self)
      ? { leader: this.self, zxid, epoch }
      : { leader: NOBODY, zxid: NOBODY, epoch: NOBODY };
    this.choose(this.initial, out);
    this.count(now, out);
    const early = [...this.early];
    this.early.clear();
    for (const [from, n] of early)
      if (this.state === 'looking' && n.round >= this.round) this.hearChoice(now, from, n, out);
  }

  private notified(now: number, from: number, n: Notification, out: ElectionOutput[]): void {
    if (from === this.self) return;
    if (!this.isVoter(from)) {
      // It asks who leads; as long as nobody does, an answer would only make it ask again.
      if (this.state === 'looking' || this.hasLeft) this.remember(from);
      else this.tell(from, out);
      return;
    }
    if (this.state !== 'looking') {
      this.early.delete(from);
      if (n.state !== 'looking') return;
      if (!this.hasLeft) this.tell(from, out);
      if (n.round > this.round) this.early.set(from, n);
      return;
    }
    if (n.state === 'looking') this.hearChoice(now, from, n, out);
    else if (n.state !== 'observing') this.hearPlaced(now, from, n, out);
  }

  private remember(asker: number): void {
    const { askers } = this;
    askers.delete(asker);
    askers.add(asker);
    if (askers.size <= MOST_ASKERS) return;
    const [oldest] = askers;
    askers.delete(oldest!);
  }

  /** Another one is looking, too. */
  private hearChoice(now: number, from: number, n: Notification, out: ElectionOutput[]): void {
    this.inPlace.delete(from);
    if (!this.isVoter(this.self) || n.vote.zxid === -1 || !this.isVoter(n.vote.leader)) return;
    if (n.round < this.round) {
      this.tell(from, out);
      return;
    }
    if (n.round > this.round) {
      this.round = n.round;
      this.choices.clear();
      this.decideAt = NEVER;
      this.choose(this.isBetter(n.vote, this.initial) ? n.vote : this.initial, out);
    } else if (this.isBetter(n.vote, this.vote)) this.choose(n.vote, out);
    this.choices.set(from, n.vote);
    this.count(now, out);
  }

  /** Another one follows or leads: if a quorum does, and the leader says so itself, it is found. */
  private hearPlaced(now: number, from: number, n: Notification, out: ElectionOutput[]): void {
    this.choices.delete(from);
    this.inPlace.set(from, n);
    const { leader } = n.vote;
    if (leader === this.self) {
      // It waits already for this server, whose own count isn't done.
      if (n.round !== this.round || n.state !== 'following') return;
      this.choices.set(from, n.vote);
      this.count(now, out);
      return;
    }
    if (this.inPlace.get(leader)?.state !== 'leading') return;
    const supporters = [...this.inPlace].filter(([, other]) => other.vote.leader === leader);
    if (!this.electorate.verifier.hasQuorum(supporters.map(([id]) => id))) return;
    this.round = n.round;
    this.decide(n.vote, out);
  }

  private timer(now: number, out: ElectionOutput[]): void {
    if (this.state !== 'looking') return;
    if (now >= this.decideAt) {
      this.decide(this.vote, out);
      return;
    }
    if (now < this.repeatAt) return;
    this.repeatMs = Math.min(this.repeatMs * 2, this.pauses.longestRepeatMs);
    this.repeatAt = now + this.repeatMs;
    this.tellVoters(out);
  }

  private choose(vote: Vote, out: ElectionOutput[]): void {
    this.vote = vote;
    this.decideAt = NEVER;
    if (this.isVoter(this.self)) this.choices.set(this.self, vote);
    this.tellVoters(out);
  }

  /** Whoever weighs nothing leads only where nobody else could. */
  private isBetter(a: Vote, b: Vote): boolean {
    const { verifier } = this.electorate;
    const weightOfA = verifier.weightOf(a.leader);
    const weightOfB = verifier.weightOf(b.leader);
    return weightOfA > 0 === weightOfB > 0 ? isBetter(a, b) : weightOfA > 0;
  }

  /** Decides at once when all agree, for then nothing better can come. */
  private count(now: number, out: ElectionOutput[]): void {
    const agreeing = [...this.choices].filter(([, choice]) => isSame(choice, this.vote)).map(([id]) => id);
    if (!this.electorate.verifier.hasQuorum(agreeing)) this.decideAt = NEVER;
    else if (agreeing.length === this.electorate.voters.length) this.decide(this.vote, out);
    else if (this.decideAt === NEVER) this.decideAt = now + FINALIZE_MS;
  }

  private decide(vote: Vote, out: ElectionOutput[]): void {
    this.vote = vote;
    if (vote.leader === this.self) this.state = 'leading';
    else this.state = this.isVoter(this.self) ? 'following' : 'observing';
    this.decideAt = NEVER;
    this.repeatAt = NEVER;
    out.push({ kind: 'decide', vote });
  }

  private tellVoters(out: ElectionOutput[]): void {
    const { voters, told = [] } = this.electorate;
    for (const to of new Set([...voters, ...told])) if (to !== this.self) this.tell(to, out);
  }

  private tell(to: number, out: ElectionOutput[]): void {
    out.push({
      kind: 'send',
      to,
      notification: { state: this.state, vote: this.vote, round: this.round },
    });
  }
}
