import { Summary } from './stats.ts';

/** What a member counts while its roles come and go, under Apache's names. Times in ms. */
export class MemberStats {
  proposals = 0;
  commits = 0;
  proposalsReceived = 0;
  commitsReceived = 0;
  snapshotsSent = 0;
  diffsSent = 0;
  revalidations = 0;
  elections = 0;
  /** Connections to the election port that were closed: silent, too many, of nobody whom the configuration knows, or never read. */
  electionConnectionsDropped = 0;
  electionMessagesMalformed = 0;
  /** The same of the ports that learners come to. */
  quorumConnectionsDropped = 0;
  quorumPacketsMalformed = 0;
  /** Addresses in use that answered no more, where a server has several. */
  unreachableAddresses = 0;
  readonly electionTime = new Summary();
  /** How long nobody led, as far as this server knows; and the same where it leads then. */
  readonly unavailableTime = new Summary();
  readonly leaderUnavailableTime = new Summary();
  /** From the connection to the leader until it serves. */
  readonly followerSyncTime = new Summary();
  readonly observerSyncTime = new Summary();

  get counters(): Readonly<Record<string, number>> {
    return {
      proposal_count: this.proposals,
      commit_count: this.commits,
      learner_proposal_received_count: this.proposalsReceived,
      learner_commit_received_count: this.commitsReceived,
      snap_count: this.snapshotsSent,
      diff_count: this.diffsSent,
      revalidate_count: this.revalidations,
      looking_count: this.elections,
    };
  }

  get summaries(): Readonly<Record<string, Summary>> {
    return {
      election_time: this.electionTime,
      unavailable_time: this.unavailableTime,
      leader_unavailable_time: this.leaderUnavailableTime,
      follower_sync_time: this.followerSyncTime,
      observer_sync_time: this.observerSyncTime,
    };
  }
}
