import type { Runtime } from '../../runtime/runtime.ts';
import type { PeerNetworks } from '../security/peer-networks.ts';
import type { ZooKeeperConfig } from '../server/config/config.ts';
import type { MemberStats } from '../server/metrics/member-stats.ts';
import type { Server } from '../server/server.ts';
import type { MemberConfig } from '../server/config/server-line.ts';
import type { ZooKeeperStorage } from '../storage/storage.ts';
import type { Ensemble } from './configuration/ensemble.ts';
import type { History } from './zab/history.ts';

/** What a member keeps while its roles come and go. */
export interface MemberContext {
  readonly runtime: Runtime;
  readonly config: ZooKeeperConfig;
  /** As the configuration in force tells it; who isn't in there follows without a vote. */
  readonly self: MemberConfig;
  /** The configuration in force. */
  readonly ensemble: Ensemble;
  /** A later one that was proposed; null: there is none. */
  readonly proposed: Ensemble | null;
  readonly storage: ZooKeeperStorage;
  /** How the servers of the ensemble speak with each other. */
  readonly peers: PeerNetworks;
  readonly history: History;
  readonly environment: Readonly<Record<string, string>>;
  /** Servers of the ensemble that were of 3.4 when they followed this one last. */
  readonly members34: Set<number>;
  readonly stats: MemberStats;
  acceptedEpoch: number;
  currentEpoch: number;
  /** The tree was read from the disk, and no leader has told yet whether it is this ensemble's: see `first-digest.ts`. */
  isTreeUnproven: boolean;
  /** The log can't be cut to where a leader wanted it: nothing but a leader's tree helps. */
  needsTree: boolean;
  /** The leader is in place: clients are served by `server` from now on. */
  serve(server: Server, leader: number, epoch: number): void;
  /** The role ends: nobody is to be drawn to it any more. Called before its connections are closed. */
  left(): void;
  /** Another configuration was proposed; or an epoch begins with this one, and one that was proposed later never came about. */
  seen(ensemble: Ensemble): void;
  /** It is in force, with that leader if it was told. @returns why the role ends by it; null: it goes on. */
  activate(ensemble: Ensemble, leader: number | null): string | null;
  /** That leader is in place still: the next role follows it, without an election. */
  rejoin(leader: number): void;
  /** Whether a leader that refuses connections is known to be gone: nothing of it listens any more, or it looks for a leader, too. */
  leadsNoMore(id: number): Promise<boolean>;
  /** The tree is another one and ends with `zxid`: what came after that was never committed. */
  replaced(zxid: number): void;
  /** Until what `seen` and `activate` told is on the disk; null: it is. */
  readonly configurationWriting: Promise<void> | null;
  /** That server's data and the own one are of two clusters, as `evidence` tells: it isn't followed for a while. */
  shun(id: number, evidence: string): void;
  /** The disk failed: this server must end. */
  fail(error: unknown): void;
}

/** Puts an epoch on the disk; it counts only then. */
export async function saveEpoch(
  context: MemberContext,
  file: 'acceptedEpoch' | 'currentEpoch',
  epoch: number,
): Promise<void> {
  await context.configurationWriting;
  await context.storage.setEpoch(file, epoch);
  context[file] = epoch;
}

/** Packets may be as large as requests, and what servers add to those. */
export const packetLimit = (config: ZooKeeperConfig): number => config.juteMaxBuffer + 64 * 1024;

/**
 * The end of a role: what is logged is taken for true, as by a restart, whether or not it was committed. The next leader decides what
 * becomes of it.
 */
export async function settleLog(context: MemberContext): Promise<void> {
  const { storage, history } = context;
  await storage.snapshotWritten();
  // The next role begins with what this one agreed to last, though it heard no more of it.
  await storage.epochsWritten();
  await storage.sync();
  for (const proposal of history.uncommitted()) storage.tree.apply(proposal.transaction);
  history.commitTo(history.last);
}
