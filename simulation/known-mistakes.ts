/** Mistakes that a broker or a ZooKeeper server could have, each as a change of one place of the code; `mistakes.ts` says when they are noticed. */
import type { Subject } from './subjects.ts';
import { ofEnsembles } from './zookeeper/known-mistakes.ts';

export interface Edit {
  readonly file: string;
  /** Stands in the file once. */
  readonly right: string;
  readonly wrong: string;
}

export interface Mistake {
  readonly name: string;
  readonly what: string;
  readonly story: Subject;
  readonly edits: readonly Edit[];
}

const replication = 'src/kafka/replication';
const decisions = 'src/kafka/controller/decisions';

/** `also`: what else has to be wrong, since it would make up for the mistake. */
type OneEdit = Edit & { readonly name: string; readonly what: string; readonly also?: Edit };

const ofClusters: readonly OneEdit[] = [
  {
    name: 'early-ack',
    what: 'acks=all answered before the followers have the records',
    file: `${replication}/replica-manager.ts`,
    right: 'if (options.requiredAcks !== -1 || ',
    wrong: 'if (true || ',
  },
  {
    name: 'no-dedup',
    what: 'a batch that is sent again is written again',
    file: 'src/kafka/log/append/producer-check.ts',
    right: 'if (producerId(records, at) < 0 || duplicate !== null) return;',
    wrong: 'if (duplicate === null) return;',
  },
  {
    name: 'no-truncation',
    what: 'a follower that never cuts its log',
    file: `${replication}/following/truncation.ts`,
    right: 'const { logEndOffset } = own;',
    wrong:
      'const { logEndOffset } = own; if (logEndOffset >= 0) return { offset: logEndOffset, done: true };',
  },
  {
    name: 'truncation-to-hw',
    what: 'a follower that cuts its log at its high watermark, not by epochs (before KIP-101)',
    file: `${replication}/following/truncation.ts`,
    right: 'const { logEndOffset } = own;',
    wrong:
      'const { logEndOffset } = own; if (logEndOffset >= 0) return { offset: Math.min(own.highWatermark, logEndOffset), done: true };',
  },
  {
    name: 'zookeeper-early-answer',
    what: 'a lone ZooKeeper that answers before its sync',
    file: 'src/zookeeper/server/pipeline/proposer.ts',
    right: 'await this.storage.sync();',
    wrong: 'void this.storage.sync();',
  },
  {
    name: 'hw-by-one',
    what: 'the high watermark moves when one follower has the records',
    file: `${replication}/isr/leader-state.ts`,
    right: 'let lowest = leaderEndOffset;',
    wrong:
      'let lowest = leaderEndOffset; if (this.members.size > 1) return Math.max(...[...this.members].map((id) => this.followers.get(id)?.logEndOffset ?? -1));',
  },
  {
    name: 'hw-without-zookeeper',
    what: 'an ISR that shrinks counts before it is in ZooKeeper',
    file: `${replication}/partition.ts`,
    right: 'leading.propose(isr);',
    wrong: 'leading.propose(isr); leading.settle(true); this.advanceHighWatermark();',
  },
  {
    name: 'early-join',
    what: 'a follower joins the ISR before it caught up',
    file: `${replication}/isr/leader-state.ts`,
    right:
      'if (follower.logEndOffset < highWatermark || follower.logEndOffset < this.epochStartOffset) return null;',
    wrong: '',
  },
  {
    name: 'unclean-election',
    what: 'who is out of sync is elected although that is not allowed',
    file: `${decisions}/partition-transitions.ts`,
    right: 'electOffline(allowed.get(partition.topic) === true)',
    wrong: 'electOffline(true)',
  },
  {
    name: 'same-epoch',
    what: 'a new leader in the epoch of the old one',
    file: `${decisions}/partition-transitions.ts`,
    right: 'leaderEpoch: state.leaderEpoch + 1',
    wrong: 'leaderEpoch: state.leaderEpoch',
  },
  {
    name: 'unseen-restart',
    what: 'a new controller doesn’t look which brokers were started again (as Apache’s 2.3)',
    file: `${decisions}/controller-machine.ts`,
    right: 'yield* replaceRestarted(d, partitions, states);',
    wrong: '',
  },
  {
    name: 'no-epoch-check',
    what: 'the leader epoch in fetches is ignored',
    file: `${replication}/partition.ts`,
    right: 'if (epoch < 0 || epoch === this.leaderEpoch) return;',
    wrong: 'if (epoch < 1e9) return;',
  },
  {
    name: 'no-epoch-start',
    what: 'a leader doesn’t write down where its epoch begins, not with its first record either',
    file: `${replication}/partition.ts`,
    right: 'log.assignEpochStart(state.leaderEpoch, log.logEndOffset);',
    wrong: '',
    also: {
      file: 'src/kafka/log/append/log-appender.ts',
      right: 'takeInBatches(this.knowledge, records, segment, prepared.hasProducer);',
      wrong:
        'const none = { latestEpoch: -1, assign() {}, clear() {} }; takeInBatches(nowMs >= 0 ? { ...this.knowledge, epochs: none } : this.knowledge, records, segment, prepared.hasProducer);',
    },
  },
  {
    name: 'torn-tail',
    what: 'recovery keeps what is torn at the end of a log',
    file: 'src/kafka/log/load-log.ts',
    right: 'return { validBytes: scan.position, nextOffset: next };',
    wrong: 'return { validBytes: segment.sizeBytes, nextOffset: next };',
  },
  {
    name: 'no-crc-in-recovery',
    what: 'recovery believes the checksums',
    file: 'src/kafka/log/load-log.ts',
    right: 'if (!crcValid(this.runtime.digests, buffer, at, size))',
    wrong: 'if (size < 0)',
  },
  {
    name: 'forgetful-follower',
    what: 'a log forgets its producers when it is opened again or followed',
    file: 'src/kafka/log/append/take-in.ts',
    right: 'if (!hasProducer || producerId(records, at) < 0) return;',
    wrong: 'return;',
  },
];

export const mistakes: readonly Mistake[] = [
  ...ofClusters.map(({ name, what, also, ...edit }): Mistake => {
    const edits = also === undefined ? [edit] : [edit, also];
    return { name, what, story: 'cluster', edits };
  }),
  ...ofEnsembles.map((mistake): Mistake => ({ ...mistake, story: 'zookeeper' })),
];
