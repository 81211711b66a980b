import type { MemberStats } from './metrics/member-stats.ts';
import type { MemberConfig } from './config/server-line.ts';

/** What a member of an ensemble knows of it, for commands and metrics. */
export interface MemberView {
  readonly self: MemberConfig;
  readonly members: readonly MemberConfig[];
  /** The lines `server.N=…` and the version, as 3.9 tells them. */
  readonly configText: string;
  /** Whom it follows, or itself. */
  readonly leader: MemberConfig;
  /** Where an observer gets its transactions from: the leader, or a follower. */
  readonly masterId: number;
  readonly stats: MemberStats;
  /** Null: it doesn't lead. */
  readonly leading: LeadingView | null;
  /** Those that get their transactions here; null: none can. */
  observers(): readonly ObserverFacts[] | null;
  resetObservers(): void;
}

export interface LeadingView {
  /** Monotonic. */
  readonly sinceMs: number;
  readonly pendingSyncs: number;
  readonly proposalSizes: Sizes;
  /** All that are connected, and of those that take part: voters, other followers, observers. */
  learners(): { all: number; followers: number; nonVoting: number; observers: number };
}

export interface ObserverFacts {
  readonly place: string;
  readonly id: number;
  readonly establishedAtMs: number;
  readonly queuedPackets: number;
  readonly queuedBytes: number;
  readonly received: number;
  readonly sent: number;
  readonly requests: number;
  readonly lastZxid: number;
}

/** The last, the least and the most of some sizes; -1: there was none yet. */
export class Sizes {
  last = -1;
  least = -1;
  most = -1;

  add(bytes: number): void {
    this.last = bytes;
    if (this.least === -1 || bytes < this.least) this.least = bytes;
    if (bytes > this.most) this.most = bytes;
  }
}

/** How Apache's servers call what a member does. */
export const stateOf = (mode: string): string =>
  mode === 'leader' ? 'leading' : mode === 'observer' ? 'observing' : 'following';
