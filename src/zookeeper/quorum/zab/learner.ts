/** What a learner has done: told its epoch; was told the new one; agreed; is looked up in the log files; is being synchronized; has all that was; takes part. */
export type Stage = 'new' | 'introduced' | 'asked' | 'agreed' | 'searching' | 'syncing' | 'synced' | 'active';

/** One that is connected to this leader, as the leader sees it. */
export interface Learner {
  readonly id: number;
  sid: number;
  stage: Stage;
  isVoter: boolean;
  isObserver: boolean;
  /** LearnerInfo of 12 bytes: it doesn't know what came after 3.4. */
  is34: boolean;
  /** Its log ends here. */
  lastZxid: number;
  ackedZxid: number;
  heardAt: number;
  /** Since when a proposal waits for its ACK without any other coming. */
  owesAckSince: number | null;
  /** How it is brought up to date. */
  catchUp: 'diff' | 'snapshot' | null;
}

export const newLearner = (id: number, now: number): Learner => ({
  id,
  sid: -1,
  stage: 'new',
  isVoter: false,
  isObserver: false,
  is34: false,
  lastZxid: 0,
  ackedZxid: -1,
  heardAt: now,
  owesAckSince: null,
  catchUp: null,
});

/** Whether it gets what is proposed and committed. */
export function isListening({ stage }: Learner): boolean {
  return stage === 'syncing' || stage === 'synced' || stage === 'active';
}
