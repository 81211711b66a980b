import { expect, test } from 'vitest';
import { lane, tooEarly, treeAfter, wayIn } from '../../../test/zookeeper/leader-answers.ts';
import { quorumTraces } from '../../../test/zookeeper/quorum-traces.ts';
import { reignsIn, type Reign } from '../../../test/zookeeper/recorded-reigns.ts';
import { replayReign } from '../../../test/zookeeper/replay-reign.ts';

// Apache's learners say to a leader of ours what they said to one of theirs, and what ours answers is compared with what theirs did.

/** Learners that ours brings up to date in another way than theirs, to the same tree. */
const otherWays: Readonly<Record<string, 'DIFF' | 'SNAP'>> = {
  // An epoch that has begun makes Apache's leader differ from who has nothing at all; ours has nothing to tell.
  '34-basics 6': 'DIFF',
  '34-leader-killed 10': 'DIFF',
  // Who has nothing gets a tree from Apache's; ours knows all that was since the first transaction.
  '34-observer 14': 'DIFF',
  '34-weights 6': 'DIFF',
  '39-observer 9': 'DIFF',
  '39-reconfig 13': 'DIFF',
  '39-weights 6': 'DIFF',
  'mixed-34-34-39 8': 'DIFF',
  'mixed-34-34-39 18': 'DIFF',
  'mixed-34-obs39 16': 'DIFF',
  'mixed-39-39-34 15': 'DIFF',
  'mixed-39-obs34 13': 'DIFF',
  // More than commitLogCount are kept for a while.
  '34-resync 26': 'DIFF',
  // Cut back to what it may not have: as 3.9, ours sends a tree.
  '34-trunc 20': 'SNAP',
};

const reigns = quorumTraces()
  .flatMap(reignsIn)
  .map((reign) => ({ name: `${reign.trace.name}, ${reign.leader} in epoch ${reign.epoch}`, reign }));

const apart = [
  // Its leader counts from 0xfffffff8 on, for the sake of the recording: a hole, for ours.
  '39-rollover, 3 in epoch 1',
  '39-rollover, 2 in epoch 2',
  // Reconfigured servers begin with their zoo.cfg.dynamic, which isn't played.
  '39-reconfig, 1 in epoch 2',
  // See below.
  '39-hole, 4 in epoch 2',
  'mixed-39-39-34-create2, 3 in epoch 1',
];
const usual = reigns.filter(({ name }) => !apart.includes(name));
const find = (wanted: string): Reign => reigns.find(({ name }) => name === wanted)!.reign;

test.each(usual)('a leader answers as Apache’s did: $name', async ({ reign }) => {
  const { trace } = reign;
  for (const { id, from, ours, theirs, pings } of await replayReign(reign)) {
    const which = `${trace.name} ${id}`;
    expect(wayIn(ours), which).toBe(otherWays[which] ?? wayIn(theirs));
    expect(treeAfter(ours, trace, from), which).toBe(treeAfter(theirs, trace, from));
    const [up, theirUp] = [ours, theirs].map((all) => all.findIndex((line) => line.startsWith('UPTODATE')));
    if (wayIn(ours) === wayIn(theirs))
      expect(ours.slice(0, up! + 1), which).toEqual(theirs.slice(0, theirUp! + 1));
    const [rest, theirRest] = [ours.slice(up! + 1), theirs.slice(theirUp! + 1)];
    // Who acknowledged first decides whether a commit or the next proposal comes first.
    for (const kinds of [/^(PROPOSAL|INFORM)/, /^COMMIT/, /^REVALIDATE/, /^SYNC/])
      expect(lane(rest, kinds), which).toEqual(lane(theirRest, kinds));
    expect(rest, which).toHaveLength(theirRest.length);
    expect(tooEarly(rest, theirRest), which).toEqual([]);
    expect(pings, which).toEqual({ ours: [], theirs: [] });
  }
});

test('where a leader of 3.9.3 left a hole in its DIFF (ZOOKEEPER-4925) ours leaves none', async () => {
  const answers = await replayReign(find('39-hole, 4 in epoch 2'));
  const { ours, theirs } = answers.find(({ id }) => id === 40)!;
  const missing = ours.filter((line) => !theirs.includes(line)).map((line) => line.slice(0, 18).trim());
  expect(missing).toEqual(['3', '4', '5'].flatMap((n) => [`PROPOSAL 10000000${n}`, `COMMIT 10000000${n}`]));
  expect(ours.filter((line) => theirs.includes(line))).toEqual(theirs);
});

test('a create2 that ended the connection of who asked, at a leader of 3.4, is proposed by ours', async () => {
  const answers = await replayReign(find('mixed-39-39-34-create2, 3 in epoch 1'));
  const { ours } = answers.find(({ id }) => id === 6)!;
  expect(ours.at(-1)).toMatch(/^PROPOSAL 100000002 .{56}0000000f000000032f6332/);
});
