import { offsetCommit } from '../../../src/kafka/protocol/messages/08-offset-commit.ts';
import { offsetFetch } from '../../../src/kafka/protocol/messages/09-offset-fetch.ts';
import { findCoordinator } from '../../../src/kafka/protocol/messages/10-find-coordinator.ts';
import { joinGroup } from '../../../src/kafka/protocol/messages/11-join-group.ts';
import { heartbeat } from '../../../src/kafka/protocol/messages/12-heartbeat.ts';
import { leaveGroup } from '../../../src/kafka/protocol/messages/13-leave-group.ts';
import { syncGroup } from '../../../src/kafka/protocol/messages/14-sync-group.ts';
import { describeGroups } from '../../../src/kafka/protocol/messages/15-describe-groups.ts';
import { listGroups } from '../../../src/kafka/protocol/messages/16-list-groups.ts';
import { deleteGroups } from '../../../src/kafka/protocol/messages/42-delete-groups.ts';
import { offsetDelete } from '../../../src/kafka/protocol/messages/47-offset-delete.ts';
import { ZERO_UUID } from '../../../src/kafka/protocol/schema.ts';
import { ErrorCode } from '../../../src/kafka/protocol/errors.ts';
import { exchange, TOPIC, type Asked, type Exchange } from './exchange.ts';

const GROUP = 'readers';
const SUBSCRIPTION = Buffer.from('000000000001000565766572790000000000', 'hex');
const MEMBER_ID_FIRST = 4; // KIP-394

const joining = (groupId: string, memberId = '') => ({
  groupId,
  sessionTimeoutMs: 300_000,
  rebalanceTimeoutMs: 30_000,
  memberId,
  protocolType: 'consumer',
  protocols: [{ name: 'range', metadata: SUBSCRIPTION }],
});

/** A group of one member, which has joined but not yet its assignment. */
async function joined(asked: Asked, groupId: string) {
  const { memberId, generationId } = await asked.ask(joinGroup, 2, joining(groupId));
  return { groupId, memberId, generationId };
}

async function stable(asked: Asked, groupId: string) {
  const member = await joined(asked, groupId);
  await asked.ask(syncGroup, 1, { ...member, assignments: assigned(member.memberId) });
  return member;
}

const assigned = (memberId: string) => [{ memberId, assignment: Buffer.from('all') }];

const commit = (groupId: string, topicId = ZERO_UUID) => ({
  groupId,
  topics: [
    {
      name: TOPIC,
      topicId,
      partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: 'so far' }],
    },
  ],
});

/** What consumers and administrators ask of a group's coordinator. */
export const groupExchanges: readonly Exchange[] = [
  exchange(findCoordinator, (send) => send({ key: GROUP, keyType: 0, coordinatorKeys: [GROUP] })),
  exchange(offsetCommit, (send, { topicId }) => send(commit(GROUP, topicId))),
  exchange(
    offsetFetch,
    (send, { topicId }) => {
      const topics = [{ name: TOPIC, topicId, partitionIndexes: [0, 7] }];
      return send({ groupId: GROUP, topics, groups: [{ groupId: GROUP, topics }], requireStable: true });
    },
    [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION], // version 0 alone looks whether there is such a partition
  ),
  exchange(joinGroup, async (send, _, version) => {
    const draft = joining(`joined-in-${version}`);
    if (version < MEMBER_ID_FIRST) return send(draft);
    const { memberId } = await send(draft);
    return send({ ...draft, memberId });
  }),
  exchange(syncGroup, async (send, asked, version) => {
    const member = await joined(asked, `synced-in-${version}`);
    const assignments = assigned(member.memberId);
    return send({ ...member, protocolType: 'consumer', protocolName: 'range', assignments });
  }),
  exchange(heartbeat, async (send, asked, version) => send(await stable(asked, `alive-in-${version}`))),
  exchange(leaveGroup, async (send, asked, version) => {
    const { groupId, memberId } = await stable(asked, `left-in-${version}`);
    return send({ groupId, memberId, members: [{ memberId }] });
  }),
  exchange(describeGroups, async (send, asked, version) => {
    const { groupId } = await stable(asked, `described-in-${version}`);
    return send({ groups: [groupId], includeAuthorizedOperations: true });
  }),
  exchange(listGroups, async (send, asked) => {
    await asked.ask(offsetCommit, 2, commit(GROUP));
    return send({ statesFilter: ['Empty'], typesFilter: [] });
  }),
  exchange(deleteGroups, async (send, asked, version) => {
    const groupId = `deleted-in-${version}`;
    await asked.ask(offsetCommit, 2, commit(groupId));
    return send({ groupsNames: [groupId] });
  }),
  exchange(offsetDelete, async (send, asked) => {
    await asked.ask(offsetCommit, 2, commit('forgetful'));
    return send({
      groupId: 'forgetful',
      topics: [{ name: TOPIC, partitions: [{ partitionIndex: 0 }] }],
    });
  }),
];
