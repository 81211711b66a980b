/** Mistakes that a server of an ensemble could have; `../mistakes.ts` puts them into the code and says when they are noticed. */
import type { Edit } from '../known-mistakes.ts';

const zab = 'src/zookeeper/quorum/zab';
const vote = 'src/zookeeper/quorum/election/vote.ts';
const leader = `${zab}/leader/leader.ts`;
/** A leader whose epoch a voter has gone beyond ends it: without that, what follows lasts. */
const leadsOn = { file: leader, right: 'learner.isVoter && accepted > this.epoch', wrong: 'false' };
/** Holds where votes don't: who has more than the leader is sent away, and whoever is elected wrongly gets no quorum. */
const moreThanOwn =
  'if (epoch > currentEpoch || (epoch === currentEpoch && packet.zxid > this.history.last)) {';

export const ofEnsembles: readonly {
  readonly name: string;
  readonly what: string;
  readonly edits: readonly Edit[];
}[] = [
  {
    name: 'ack-before-sync',
    what: 'a follower acknowledges before its sync',
    edits: [
      {
        file: `${zab}/follower/follower.ts`,
        right: 'if (!this.settings.isObserver) this.owed.push(packet.zxid);',
        wrong: "if (this.phase === 'serving') this.ack(packet.zxid, out); else this.owed.push(packet.zxid);",
      },
    ],
  },
  {
    name: 'old-epoch',
    what: 'who says that it leads is followed, without a quorum that follows it and in an epoch older than was agreed to, and leads on',
    edits: [
      leadsOn,
      {
        file: 'src/zookeeper/quorum/election/election.ts',
        right: 'if (!this.electorate.verifier.hasQuorum(supporters.map(([id]) => id))) return;',
        wrong: '',
      },
      {
        file: `${zab}/follower/follower.ts`,
        right: 'if (epoch < acceptedEpoch)',
        wrong: 'if (epoch < acceptedEpoch) this.agree(this.settings.currentEpoch, out);\nelse if (epoch < 0)',
      },
    ],
  },
  {
    name: 'lost-trunc',
    what: "a follower that is told to cut its log doesn't",
    edits: [
      {
        file: `${zab}/follower/tree-replacement.ts`,
        right: 'storage.truncate(zxid, ',
        wrong: 'storage.reload(',
      },
    ],
  },
  {
    name: 'no-quorum',
    what: 'a leader commits what any one disk has',
    edits: [
      {
        file: `${zab}/leader/quorums.ts`,
        right: 'return this.hasQuorum(having, zxid);',
        wrong: 'return having.length > 0;',
      },
    ],
  },
  {
    name: 'established-alone',
    what: 'a leader serves before a quorum has its history',
    edits: [
      {
        file: `${zab}/leader/leader.ts`,
        right: 'if (!this.quorums.hasQuorum(synced, Number.POSITIVE_INFINITY)) return;',
        wrong: '',
      },
    ],
  },
  {
    name: 'diff-hole',
    what: 'a DIFF without its first transaction, and a follower that takes it',
    edits: [
      {
        file: `${zab}/leader/synchronization.ts`,
        right: 'this.bring(learner, epoch, way.missing, out);',
        wrong: 'this.bring(learner, epoch, way.missing.slice(1), out);',
      },
      {
        file: `${zab}/follower/follower.ts`,
        right: 'if (!follows(packet.zxid, last)) {',
        wrong: 'if (packet.zxid < 0) {',
      },
    ],
  },
  {
    name: 'vote-zxid',
    what: "votes don't look at zxids, nor does a leader at those of its followers",
    edits: [
      { file: vote, right: 'if (a.zxid !== b.zxid) return a.zxid > b.zxid;', wrong: '' },
      { file: leader, right: moreThanOwn, wrong: 'if (epoch > currentEpoch) {' },
    ],
  },
  {
    name: 'vote-epoch',
    what: "votes don't look at epochs, nor does a leader at those of its followers",
    edits: [
      { file: vote, right: 'if (a.epoch !== b.epoch) return a.epoch > b.epoch;', wrong: '' },
      {
        file: leader,
        right: moreThanOwn,
        wrong: 'if (epoch === currentEpoch && packet.zxid > this.history.last) {',
      },
    ],
  },
  {
    name: 'serves-early',
    what: 'a follower serves before UPTODATE',
    edits: [
      {
        file: `${zab}/follower/follower.ts`,
        right: "      this.phase = 'ready';\n      this.ack(firstZxid(this.epoch), out);",
        wrong: '      this.ack(firstZxid(this.epoch), out);\n      this.upToDate(out);',
      },
      {
        file: `${zab}/follower/follower.ts`,
        right: "if (this.phase === 'ready') this.upToDate(out);\n        else this.unexpected(packet, out);",
        wrong: '',
      },
    ],
  },
  {
    name: 'expires-alone',
    what: 'a follower ends a session by itself',
    edits: [
      {
        file: 'src/zookeeper/server/housekeeping.ts',
        right: '    session.closing = false;\n',
        wrong:
          "    session.closing = false;\n    this.options.server.tree.apply({ header: { sessionId: session.id, cxid: 0, zxid: 0, timeMs: 0, type: -11 }, record: { kind: 'closeSession', paths: null } });\n",
      },
    ],
  },
  {
    name: 'epoch-before-log',
    what: 'the epoch is taken up before the transactions of the DIFF are on the disk (ZOOKEEPER-3911)',
    edits: [
      {
        file: `${zab}/follower/follower.ts`,
        right: "if (this.phase !== 'storing' || this.syncedZxid < this.history.last) return;",
        wrong: "if (this.phase !== 'storing') return;",
      },
      {
        file: `${zab}/follower/follower.ts`,
        right: 'if (this.syncedZxid >= this.history.last) this.stored(out);',
        wrong: 'if ((this.stored(out), this.syncedZxid >= this.history.last)) return;',
      },
    ],
  },
  {
    name: 'epoch-not-kept',
    what: 'epochs never get to the disk',
    edits: [
      {
        file: 'src/zookeeper/quorum/member-context.ts',
        right: 'await context.storage.setEpoch(file, epoch);',
        wrong: 'await context.storage.sync();',
      },
    ],
  },
  {
    name: 'commit-early',
    what: 'a COMMIT is taken for all that was proposed',
    edits: [
      {
        file: `${zab}/follower/follower.ts`,
        right: 'if (proposal?.zxid !== zxid) {',
        wrong: 'if (proposal === undefined) return;\n    if (zxid < 0) {',
      },
      {
        file: `${zab}/follower/follower.ts`,
        right: "out.push({ kind: 'apply', proposal, leader });",
        wrong:
          "out.push({ kind: 'apply', proposal, leader });\n    for (let next = history.next; next !== undefined; next = history.next) {\n      history.commitNext();\n      out.push({ kind: 'apply', proposal: next, leader });\n    }",
      },
    ],
  },
  {
    name: 'tail-forgotten',
    what: 'a new role begins without the proposals that the last one logged',
    edits: [
      {
        file: 'src/zookeeper/quorum/member-context.ts',
        right: 'for (const proposal of history.uncommitted()) storage.tree.apply(proposal.transaction);',
        wrong: '',
      },
    ],
  },
  {
    name: 'page-cache',
    what: 'what a killed process left in the page cache is built upon (found here)',
    edits: [{ file: 'src/zookeeper/quorum/start-member.ts', right: 'await storage.secure();', wrong: '' }],
  },
  {
    name: 'two-syncs',
    what: 'two syncs of the log at once (found here)',
    edits: [
      {
        file: 'src/zookeeper/storage/transaction-log.ts',
        right: 'if (this.next !== null) return this.next;',
        wrong: '',
      },
    ],
  },
  {
    name: 'late-sync',
    what: 'a sync is answered after writes that were asked for later (found here)',
    edits: [
      {
        file: `${zab}/leader/leading.ts`,
        right: 'this.applyFinal();\n        this.writes?.confirmed();',
        wrong: 'this.context.runtime.clock.soon(() => (this.applyFinal(), this.writes?.confirmed()));',
      },
    ],
  },
  {
    name: 'epochs-at-once',
    what: 'two roles write the same epoch file at once, and none waits for the one before (found here)',
    edits: [
      {
        file: 'src/zookeeper/storage/storage.ts',
        right:
          'const written = this.epochs.then(() => writeEpoch(this.runtime.files, this.snapshotFolder, name, epoch));',
        wrong: 'const written = writeEpoch(this.runtime.files, this.snapshotFolder, name, epoch);',
      },
      {
        file: 'src/zookeeper/quorum/member-context.ts',
        right: 'await storage.epochsWritten();',
        wrong: '',
      },
    ],
  },
];
