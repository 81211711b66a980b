import { describe, expect, test } from 'vitest';
import { ControllerWorld, linesOf, STATES_ZXID } from '../../../../test/support/controller-world.ts';

/** Three brokers, a controller with epoch 1, topics with the given replicas. */
function cluster(topics: Record<string, number[][]> = {}): ControllerWorld {
  const world = new ControllerWorld();
  for (const id of [1, 2, 3]) world.addBroker(id, id * 10);
  world.elect(1);
  for (const [topic, replicas] of Object.entries(topics)) {
    world.addTopic(topic, ...replicas);
    world.happen({ kind: 'topicsChanged' });
  }
  world.sent = [];
  world.writes = [];
  return world;
}

const die = (world: ControllerWorld, id: number) => {
  world.brokers.delete(id);
  world.happen({ kind: 'brokersChanged' });
};

test('a new topic: each replica learns its leader before any broker tells clients of it', () => {
  const world = cluster();
  world.addTopic('t', [2, 3]);
  world.happen({ kind: 'topicsChanged' });
  expect(linesOf(world.sent)).toEqual([
    '2 LeaderAndIsr t-0 leader=2 epoch=0 isr=2,3 replicas=2,3 new',
    '3 LeaderAndIsr t-0 leader=2 epoch=0 isr=2,3 replicas=2,3 new',
    '1 UpdateMetadata live=1,2,3 t-0:2',
    '2 UpdateMetadata live=1,2,3 t-0:2',
    '3 UpdateMetadata live=1,2,3 t-0:2',
  ]);
  expect(world.state('t', 0)).toEqual({
    leader: 2,
    leaderEpoch: 0,
    isr: [2, 3],
    controllerEpoch: 1,
    version: 0,
  });
});

test('a topic on dead brokers only gets its first leader when one of them comes', () => {
  const world = cluster();
  world.addTopic('t', [4, 5]);
  world.happen({ kind: 'topicsChanged' });
  expect(world.state('t', 0)).toBe(undefined);
  world.addBroker(5, 50);
  world.happen({ kind: 'brokersChanged' });
  expect(world.state('t', 0)).toMatchObject({ leader: 5, isr: [5], leaderEpoch: 0 });
});

test('when a broker dies, what it led goes to the next in sync and it leaves the other ISRs', () => {
  const world = cluster({
    t: [
      [1, 2, 3],
      [2, 3, 1],
    ],
  });
  die(world, 1);
  expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
  expect(world.state('t', 1)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
});

test('a leader that changes the ISR at the same moment is not overwritten: the election is done again on what it wrote', () => {
  const world = cluster({ t: [[1, 2, 3]] });
  world.beforeWrite = () => {
    world.beforeWrite = () => undefined;
    world.setIsr('t', 0, [1, 3]);
  };
  die(world, 1);
  expect(world.state('t', 0)).toMatchObject({ leader: 3, isr: [3], version: 2 });
});

describe('when all in-sync replicas are gone', () => {
  const lose = (world: ControllerWorld) => {
    world.addTopic('t', [1, 2]);
    world.happen({ kind: 'topicsChanged' });
    world.setIsr('t', 0, [1]);
    die(world, 1);
  };

  test('the partition has no leader until one of them is back', () => {
    const world = cluster();
    lose(world);
    expect(world.state('t', 0)).toMatchObject({ leader: -1, isr: [1] });
    expect(world.warnings).toEqual(['t-0 has no leader until broker 1 is back: nobody else was in sync.']);
    world.addBroker(1, 99);
    world.happen({ kind: 'brokersChanged' });
    expect(world.state('t', 0)).toMatchObject({ leader: 1, isr: [1] });
  });

  test('a topic that allows it gets a leader that was out of sync', () => {
    const world = cluster();
    world.configs.set('t', new Map([['unclean.leader.election.enable', 'true']]));
    lose(world);
    expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2] });
  });
});

test('a broker that restarts within its session time is treated as gone and back', () => {
  const world = cluster({ t: [[1, 2]] });
  world.addBroker(1, 77);
  world.happen({ kind: 'brokersChanged' });
  expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2] });
  expect(linesOf(world.sent)).toContain('1 LeaderAndIsr t-0 leader=2 epoch=1 isr=2 replicas=1,2');
});

test('controlled shutdown moves leaderships away and says what could not be moved', () => {
  const world = cluster({
    t: [
      [1, 2],
      [2, 1],
      [1, 3],
    ],
  });
  world.setIsr('t', 2, [1]);
  const answer = world.run(world.machine!.controlledShutdown(1, 10n));
  expect(answer).toEqual({ outcome: 'ok', remaining: [{ topic: 't', partition: 2 }] });
  expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2] });
  expect(world.state('t', 1)).toMatchObject({ leader: 2, isr: [2] });
});

test('a controlled shutdown of an earlier life of the broker is refused', () => {
  const world = cluster();
  expect(world.run(world.machine!.controlledShutdown(1, 9n))).toEqual({ outcome: 'staleEpoch' });
  expect(world.run(world.machine!.controlledShutdown(7, null))).toEqual({ outcome: 'unknownBroker' });
});

test('a topic is deleted when all its replicas are; it waits for the broker that is dead', () => {
  const world = cluster({ t: [[1, 2]], other: [[1, 2]] });
  die(world, 2);
  world.deletions.add('t');
  world.happen({ kind: 'topicDeletionsRequested' });
  expect(world.assignments.has('t')).toBe(true);
  expect(linesOf(world.sent)).toContain('1 UpdateMetadata live=1,3 t-0:-2');
  world.addBroker(2, 99);
  world.happen({ kind: 'brokersChanged' });
  expect([...world.assignments.keys()]).toEqual(['other']);
  expect(world.state('t', 0)).toBe(undefined);
});

test('a request to delete a topic that does not exist is cleared', () => {
  const world = cluster();
  world.deletions.add('nothing');
  world.happen({ kind: 'topicDeletionsRequested' });
  expect(world.deletions.size).toBe(0);
});

test('preferred election on request: only where it changes something, and only to replicas in sync', () => {
  const world = cluster({
    t: [
      [1, 2],
      [1, 2],
      [2, 1],
    ],
  });
  die(world, 1);
  world.addBroker(1, 99);
  world.happen({ kind: 'brokersChanged' });
  world.setIsr('t', 0, [2, 1]);
  const places = [0, 1, 2, 7].map((partition) => ({ topic: 't', partition }));
  const results = world.run(world.machine!.electLeaders(places, false));
  expect(results.map(({ partition, refused }) => [partition, refused])).toEqual([
    [2, 'notNeeded'],
    [7, 'unknownPartition'],
    [0, null],
    [1, 'noEligibleLeader'],
  ]);
  expect(world.state('t', 0)).toMatchObject({ leader: 1, isr: [2, 1] });
});

test('the rebalance timer moves leaders back only above the allowed imbalance', () => {
  const world = cluster({ t: Array.from({ length: 20 }, () => [1, 2]) });
  die(world, 1);
  world.addBroker(1, 99);
  world.happen({ kind: 'brokersChanged' });
  for (let partition = 0; partition < 20; partition++) world.setIsr('t', partition, [2, 1]);
  world.happen({ kind: 'isrsChanged' });
  world.isrChanges = Array.from({ length: 20 }, (_, partition) => ({ topic: 't', partition }));
  world.happen({ kind: 'isrsChanged' });
  world.happen({ kind: 'rebalanceDue' });
  expect(world.state('t', 0)).toMatchObject({ leader: 1 });
  expect(world.state('t', 19)).toMatchObject({ leader: 1 });
  world.writes = [];
  world.happen({ kind: 'rebalanceDue' });
  expect(world.writes).toEqual([]);
});

test('who fell out of the ISR a moment ago isn’t led back to, which is no news: the leader stays', () => {
  const world = cluster({ t: [[1, 2]] });
  die(world, 1);
  world.addBroker(1, 99);
  world.happen({ kind: 'brokersChanged' });
  world.setIsr('t', 0, [2, 1]);
  world.isrChanges = [{ topic: 't', partition: 0 }];
  world.happen({ kind: 'isrsChanged' });
  world.setIsr('t', 0, [2]);
  world.happen({ kind: 'rebalanceDue' });
  expect(world.state('t', 0)).toMatchObject({ leader: 2 });
  expect(world.warnings).toEqual([]);
});

test('replicas on a failed log directory count as offline until they answer without error', () => {
  const world = cluster({ t: [[1, 2]] });
  const place = { topic: 't', partition: 0 };
  world.happen({ kind: 'replicasAnswered', broker: 1, online: [], failed: [place] });
  expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2] });
  world.happen({ kind: 'replicasAnswered', broker: 1, online: [place], failed: [] });
  world.setIsr('t', 0, [2, 1]);
  die(world, 2);
  expect(world.state('t', 0)).toMatchObject({ leader: 1, isr: [1] });
});

test('a new controller sends every broker all its partitions with unchanged epochs, and elects only where it must', () => {
  const world = cluster({
    t: [
      [1, 2],
      [2, 3],
    ],
  });
  world.elect(2);
  expect(world.writes).toEqual([]);
  expect(linesOf(world.sent)).toEqual([
    ...[1, 2, 3].map((id) => `${id} UpdateMetadata live=1,2,3`),
    '1 LeaderAndIsr t-0 leader=1 epoch=0 isr=1,2 replicas=1,2',
    '2 LeaderAndIsr t-0 leader=1 epoch=0 isr=1,2 replicas=1,2',
    '2 LeaderAndIsr t-1 leader=2 epoch=0 isr=2,3 replicas=2,3',
    '3 LeaderAndIsr t-1 leader=2 epoch=0 isr=2,3 replicas=2,3',
    ...[1, 2, 3].map((id) => `${id} UpdateMetadata live=1,2,3 t-0:1 t-1:2`),
  ]);
});

describe('brokers that were started again while there was no controller', () => {
  const after = (...restarted: number[]): ControllerWorld => {
    const world = cluster({ t: [[1, 2, 3]], single: [[1]] });
    for (const id of restarted) world.addBroker(id, Number(STATES_ZXID) + id);
    world.elect(2);
    return world;
  };

  test('a leader gives way to somebody in sync who was there all the time, before it is told anything', () => {
    const world = after(1);
    expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 1 });
    const told = world.sent.filter(({ request }) => request.kind === 'leaderAndIsr');
    expect(linesOf(told).filter((line) => line.includes(' t-0 leader=1'))).toEqual([]);
  });

  test('a follower leaves the ISR', () => {
    expect(after(3).state('t', 0)).toMatchObject({ leader: 1, isr: [1, 2], leaderEpoch: 1 });
  });

  test('when all were, the leader goes on in an epoch of its own', () => {
    expect(after(1, 2, 3).state('t', 0)).toMatchObject({ leader: 1, isr: [1, 2, 3], leaderEpoch: 1 });
  });

  test('the only replica of a partition leads on', () => {
    expect(after(1).state('single', 0)).toMatchObject({ leader: 1, isr: [1], leaderEpoch: 0 });
  });
});

describe('a new controller goes on with what the old one left', () => {
  test('a deletion that waits for a dead broker', () => {
    const world = cluster({ t: [[1, 2]] });
    die(world, 2);
    world.deletions.add('t');
    world.happen({ kind: 'topicDeletionsRequested' });
    world.elect(2);
    expect(world.assignments.has('t')).toBe(true);
    world.addBroker(2, 99);
    world.happen({ kind: 'brokersChanged' });
    expect(world.assignments.has('t')).toBe(false);
    expect(world.deletions.size).toBe(0);
  });

  test('a deletion that nobody began', () => {
    const world = cluster({ t: [[1, 2]] });
    world.machine = null;
    world.deletions.add('t');
    world.elect(2);
    expect(world.assignments.has('t')).toBe(false);
  });

  test('a reassignment whose new replica is not in sync yet', () => {
    const world = cluster({ t: [[1, 2]] });
    world.reassignments = [{ topic: 't', partition: 0, replicas: [3, 1] }];
    world.happen({ kind: 'reassignmentsRequested' });
    expect(world.assignments.get('t')).toEqual(new Map([[0, [3, 1, 2]]]));
    world.elect(2);
    world.setIsr('t', 0, [1, 2, 3]);
    world.happen({ kind: 'stateChanged', topic: 't', partition: 0 });
    expect(world.assignments.get('t')).toEqual(new Map([[0, [3, 1]]]));
    expect(world.state('t', 0)).toMatchObject({ leader: 1, isr: [1, 3] });
    expect(world.reassignments).toEqual([]);
    expect(linesOf(world.sent)).toContain('2 StopReplica t-0 delete');
  });

  test('partitions that were assigned while there was no controller', () => {
    const world = cluster();
    world.machine = null;
    world.addTopic('t', [2, 3]);
    world.elect(2);
    expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2, 3], controllerEpoch: 2 });
  });

  test('leaders that died with it', () => {
    const world = cluster({ t: [[1, 2, 3]] });
    world.machine = null;
    world.brokers.delete(1);
    world.elect(2);
    expect(world.state('t', 0)).toMatchObject({ leader: 2, isr: [2, 3], leaderEpoch: 2 });
  });
});

test('reassignments that can not be are forgotten: unknown partitions, the same replicas, topics in deletion', () => {
  const world = cluster({ t: [[1, 2]] });
  world.reassignments = [
    { topic: 'nothing', partition: 0, replicas: [1] },
    { topic: 't', partition: 0, replicas: [1, 2] },
    { topic: 't', partition: 9, replicas: [1] },
  ];
  world.happen({ kind: 'reassignmentsRequested' });
  expect(world.reassignments).toEqual([]);
  expect(world.writes).toEqual([]);
});

test('a broker whose address changed is told of to all', () => {
  const world = cluster({ t: [[1, 2]] });
  const broker = world.brokers.get(2)!;
  world.brokers.set(2, { ...broker, endpoints: [{ ...broker.endpoints[0]!, port: 9999 }] });
  world.happen({ kind: 'brokersChanged' });
  expect(linesOf(world.sent)).toEqual([1, 2, 3].map((id) => `${id} UpdateMetadata live=1,2,3`));
  const [first] = world.sent;
  const told = first?.request.kind === 'updateMetadata' ? first.request.liveBrokers : [];
  expect(told.find(({ id }) => id === 2)?.endpoints[0]?.port).toBe(9999);
});

test('partitions added to a topic in deletion are taken back', () => {
  const world = cluster({ t: [[1, 2]] });
  die(world, 2);
  world.deletions.add('t');
  world.happen({ kind: 'topicDeletionsRequested' });
  world.addTopic('t', [1, 2], [1, 2]);
  world.happen({ kind: 'topicChanged', topic: 't' });
  expect(world.assignments.get('t')).toEqual(new Map([[0, [1, 2]]]));
  expect(world.state('t', 1)).toBe(undefined);
});
