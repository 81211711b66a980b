import type { Ensemble } from '../../configuration/ensemble.ts';
import type { CatchUpSettings } from './catch-up.ts';
import type { Proposal } from '../history.ts';
import type { Learner } from './learner.ts';
import type { Packet } from '../packets/packets.ts';

export type EpochFile = 'acceptedEpoch' | 'currentEpoch';

/** `learner` is the number of a connection. */
export type LeaderInput = { readonly now: number } & (
  | { readonly kind: 'start' }
  | { readonly kind: 'connected'; readonly learner: number }
  | { readonly kind: 'gone'; readonly learner: number }
  | { readonly kind: 'packet'; readonly learner: number; readonly packet: Packet }
  | { readonly kind: 'saved'; readonly file: EpochFile }
  /** Of the tree or the log that is sent to it the network took some more. */
  | { readonly kind: 'taken'; readonly learner: number }
  /** Whether the log files have what was searched for. */
  | { readonly kind: 'found'; readonly learner: number; readonly isThere: boolean }
  | { readonly kind: 'propose'; readonly proposal: Proposal }
  /** Of a stand-in: it was committed; `leader` leads the configuration that came into force with it, if one did. */
  | { readonly kind: 'passOn'; readonly proposal: Proposal; readonly leader: number | null }
  /** A sync: `confirmed` tells, before anything of a later commit is sent, that all before it is committed and this leader still leads. */
  | { readonly kind: 'sync' }
  /** The own log has everything up to here on the disk. */
  | { readonly kind: 'synced'; readonly zxid: number }
  /** All that came at once was told: commits are due. */
  | { readonly kind: 'settle' }
  /** Twice a tick. */
  | { readonly kind: 'tick' }
);

export type LeaderOutput =
  | { readonly kind: 'send'; readonly learner: number; readonly packet: Packet }
  /** SNAP and the tree; what is sent later comes behind it. */
  | { readonly kind: 'snapshot'; readonly learner: number }
  /** Do the log files have all from `after` on, and is it little enough? `found` tells. `for34`: and can 3.4 read it? */
  | { readonly kind: 'search'; readonly learner: number; readonly after: number; readonly for34: boolean }
  /** Each with its COMMIT: what the log files have behind `after`, to `upTo`; what is sent later comes behind it. */
  | {
      readonly kind: 'logged';
      readonly learner: number;
      readonly after: number;
      readonly upTo: number;
      readonly for34: boolean;
    }
  | { readonly kind: 'save'; readonly file: EpochFile; readonly epoch: number }
  /** A quorum has all that was: clients may be served. */
  | { readonly kind: 'established'; readonly epoch: number }
  /** Up to here all is final. atOnce: apply it before anything else is done. */
  | { readonly kind: 'commit'; readonly zxid: number; readonly atOnce: boolean }
  /** The oldest sync may be answered, when all that is final is applied, and before anything else is sent. */
  | { readonly kind: 'confirmed' }
  /** It was proposed: remember it. */
  | { readonly kind: 'seen'; readonly ensemble: Ensemble }
  /** It is in force, and `leader` leads. */
  | { readonly kind: 'activate'; readonly ensemble: Ensemble; readonly leader: number }
  | { readonly kind: 'drop'; readonly learner: number; readonly reason: string }
  | { readonly kind: 'resign'; readonly reason: string };

export interface LeaderSettings extends CatchUpSettings {
  /** So many observers are brought up to date at a time. */
  readonly maxConcurrentSnapSyncs: number;
  readonly maxConcurrentDiffSyncs: number;
  readonly self: number;
  /** The configuration in force at the start. */
  readonly ensemble: Ensemble;
  /** One that was proposed and never finished; it is completed with the new epoch. */
  readonly proposed: Ensemble | null;
  readonly reconfigEnabled: boolean;
  readonly tickMs: number;
  readonly initLimit: number;
  readonly syncLimit: number;
  /** Whether NEWLEADER tells the configuration; 3.4 doesn't. */
  readonly tellsEnsemble: boolean;
  readonly acceptedEpoch: number;
  readonly currentEpoch: number;
  /**
   * Members that said they are of 3.4 when they were here last: they come back, so nothing is proposed that they can't read. Of others
   * those that are here.
   */
  readonly members34: Set<number>;
}

export function sendTo({ id }: Learner, packet: Packet, out: LeaderOutput[]): void {
  out.push({ kind: 'send', learner: id, packet });
}
