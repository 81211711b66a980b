import type { GroupRecord } from '../group-records.ts';
import type { JoinAnswer, JoinReply, Protocol, SyncAnswer, SyncReply } from './member.ts';

/** Which may follow which: Empty → Preparing → Completing → Stable → Preparing; Preparing → Empty; all → Dead. */
export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

/** wallMs goes into records, monotonicMs is for timeouts. */
export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

export type Output =
  | { readonly kind: 'join'; readonly to: JoinReply; readonly answer: JoinAnswer }
  | { readonly kind: 'sync'; readonly to: SyncReply; readonly answer: SyncAnswer }
  /** Write the group as `record`; call `persisted` with the same purpose and what became of it. */
  | { readonly kind: 'persist'; readonly purpose: Purpose; readonly record: GroupRecord };

/** Why a group is written. */
export type Purpose =
  | { readonly kind: 'empty' }
  | {
      readonly kind: 'assignment';
      readonly generation: number;
      readonly assignments: ReadonlyMap<string, Buffer>;
    }
  | {
      readonly kind: 'replacement';
      readonly memberId: string;
      readonly formerId: string;
      readonly formerLeaderId: string;
      readonly formerProtocols: readonly Protocol[];
      readonly maySkipAssignment: boolean;
    };

export interface JoinInput {
  /** '' for one that has no id yet. */
  readonly memberId: string;
  /** What a new member is called, if this is one. */
  readonly newMemberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly rebalanceTimeoutMs: number;
  readonly sessionTimeoutMs: number;
  readonly protocolType: string;
  readonly protocols: readonly Protocol[];
  /** A dynamic member is told its id first and joins with it then (KIP-394). */
  readonly needsKnownId: boolean;
  readonly maySkipAssignment: boolean;
  readonly reply: JoinReply;
}

export interface SyncInput {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
  /** Null before v5: not checked. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: ReadonlyMap<string, Buffer>;
  readonly reply: SyncReply;
}

export interface GroupLimits {
  readonly initialRebalanceDelayMs: number;
  readonly maxSize: number;
}
