import { expect, test } from 'vitest';
import fc from '../../../../test/support/properties.ts';
import { GroupScript } from '../../../../test/support/group-script.ts';
import { Group } from './group.ts';
import { GroupOffsets } from '../group-offsets.ts';
import type { Output, Purpose } from './group-types.ts';

function plays(script: string, limits?: ConstructorParameters<typeof GroupScript>[0]): void {
  expect(new GroupScript(limits).play(script)).toBe(script);
}

test('the first member joins in two steps, leads and hands itself its assignment', () => {
  plays(`
    0 join a -> a: MEMBER_ID_REQUIRED; Empty
    1 join a -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    2 sync a a=p0 -> write 1 of 1; CompletingRebalance
    3 persisted -> a: synced p0; Stable
    4 beat a -> NONE; Stable
    5 sync a -> a: synced p0; Stable
    6 leave a -> NONE; write 2 of 0; Empty
    7 beat a -> UNKNOWN_MEMBER_ID; Empty`);
});

test('a second member makes the group rebalance; until it is over the first may commit but must rejoin', () => {
  plays(`
    0 join a old -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 sync a a=p0 -> write 1 of 1; CompletingRebalance
    2 persisted -> a: synced p0; Stable
    10 join b old -> PreparingRebalance
    11 beat a -> REBALANCE_IN_PROGRESS; PreparingRebalance
    12 commit a -> NONE; PreparingRebalance
    13 join a -> a: joined 2 range leader=a1 [a1=a,b2=b]; b: joined 2 range leader=a1; CompletingRebalance
    14 sync b -> CompletingRebalance
    15 beat b -> NONE; CompletingRebalance
    16 commit b -> REBALANCE_IN_PROGRESS; CompletingRebalance
    17 sync a a=p0 b=p1 -> write 2 of 2; CompletingRebalance
    18 persisted -> a: synced p0; b: synced p1; Stable
    19 commit a -> NONE; Stable`);
});

test('an empty group waits a while for more members, and longer while they keep coming', () => {
  plays(
    `
    0 join a old -> PreparingRebalance
    2900 join b old -> PreparingRebalance
    3000 tick -> PreparingRebalance
    5900 tick -> PreparingRebalance
    6000 tick -> a: joined 1 range leader=a1 [a1=a,b2=b]; b: joined 1 range leader=a1; CompletingRebalance`,
    { initialRebalanceDelayMs: 3000 },
  );
});

test('who does not rejoin within the rebalance timeout is out, and leadership passes on', () => {
  plays(`
    0 join a old rebalance=1000 -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 sync a a=p0 -> write 1 of 1; CompletingRebalance
    2 persisted -> a: synced p0; Stable
    10 join b old rebalance=1000 -> PreparingRebalance
    1009 tick -> PreparingRebalance
    1010 tick -> b: joined 2 range leader=b2 [b2=b]; CompletingRebalance
    1011 beat a -> UNKNOWN_MEMBER_ID; CompletingRebalance
    1012 join b -> b: joined 2 range leader=b2 [b2=b]; CompletingRebalance`);
});

test('a member that is silent for its session timeout is out', () => {
  plays(`
    0 join a old session=100 -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 sync a a=p0 -> write 1 of 1; CompletingRebalance
    2 persisted -> a: synced p0; Stable
    50 beat a -> NONE; Stable
    149 tick -> Stable
    150 tick -> write 2 of 0; Empty`);
});

test('an id that was handed out is void after a session timeout', () => {
  plays(`
    0 join a session=100 -> a: MEMBER_ID_REQUIRED; Empty
    100 tick -> Empty
    101 join a -> a: UNKNOWN_MEMBER_ID; Empty`);
});

test('whoever has only been given an id can leave, and nobody waits for him', () => {
  plays(`
    0 join a -> a: MEMBER_ID_REQUIRED; Empty
    1 join b -> b: MEMBER_ID_REQUIRED; Empty
    2 join b -> b: joined 1 range leader=b2 [b2=b]; CompletingRebalance
    3 join c old -> PreparingRebalance
    4 join b -> PreparingRebalance
    5 leave a -> NONE; b: joined 2 range leader=b2 [b2=b,c4=c]; c: joined 2 range leader=b2; CompletingRebalance`);
});

test('when the assignment cannot be written all syncs fail and the group rebalances', () => {
  plays(`
    0 join a old -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b old -> PreparingRebalance
    2 join a -> a: joined 2 range leader=a1 [a1=a,b2=b]; b: joined 2 range leader=a1; CompletingRebalance
    3 sync b -> CompletingRebalance
    4 sync a a=0 b=1 -> write 2 of 2; CompletingRebalance
    5 persisted NOT_COORDINATOR -> a: NOT_COORDINATOR; b: NOT_COORDINATOR; PreparingRebalance
    6 join a -> PreparingRebalance
    7 join b -> a: joined 3 range leader=a1 [a1=a,b2=b]; b: joined 3 range leader=a1; CompletingRebalance`);
});

test('a member that joined but never syncs is out after a rebalance timeout', () => {
  plays(`
    0 join a old session=90000 -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b old session=90000 -> PreparingRebalance
    2 join a -> a: joined 2 range leader=a1 [a1=a,b2=b]; b: joined 2 range leader=a1; CompletingRebalance
    3 sync a a=0 b=1 -> write 2 of 2; CompletingRebalance
    4 persisted -> a: synced 0; Stable
    60001 tick -> Stable
    60002 tick -> PreparingRebalance
    60003 join a -> a: joined 3 range leader=a1 [a1=a]; CompletingRebalance
    60004 beat b -> UNKNOWN_MEMBER_ID; CompletingRebalance`);
});

test('a sync that waits for the leader is sent back when somebody joins', () => {
  plays(`
    0 join a old -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b old -> PreparingRebalance
    2 join a -> a: joined 2 range leader=a1 [a1=a,b2=b]; b: joined 2 range leader=a1; CompletingRebalance
    3 sync b -> CompletingRebalance
    4 join c old -> b: REBALANCE_IN_PROGRESS; PreparingRebalance`);
});

test('a static member that restarts gets its assignment back without a rebalance, and its former self is fenced', () => {
  plays(`
    0 join a static=i1 -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b static=i2 -> PreparingRebalance
    2 join a -> a: joined 2 range leader=a1 [a1=a,b2=b]; b: joined 2 range leader=a1; CompletingRebalance
    3 sync a a=0 b=1 -> write 2 of 2; CompletingRebalance
    4 sync b -> CompletingRebalance
    5 persisted -> a: synced 0; b: synced 1; Stable
    6 again b -> write 2 of 2; Stable
    7 persisted -> b: joined 2 range leader=a1; Stable
    8 sync b -> b: synced 1; Stable
    9 again a -> write 2 of 2; Stable
    10 persisted -> a: joined 2 range leader=a1; Stable`);
});

test('a static leader that knows how keeps the assignment of the group', () => {
  plays(`
    0 join a static=i1 skip -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 sync a a=0 -> write 1 of 1; CompletingRebalance
    2 persisted -> a: synced 0; Stable
    3 again a -> write 1 of 1; Stable
    4 persisted -> a: joined 1 range leader=a2 skip [a2=a]; Stable
    5 sync a -> a: synced 0; Stable`);
});

test('two processes with one instance id: the older is fenced while it waits', () => {
  plays(`
    0 join a old -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b static=i -> PreparingRebalance
    2 join c static=i protocols=range:c -> b: FENCED_INSTANCE_ID; PreparingRebalance
    3 beat b -> FENCED_INSTANCE_ID; PreparingRebalance
    4 join a -> a: joined 2 range leader=a1 [a1=a,c3=c]; c: joined 2 range leader=a1; CompletingRebalance`);
});

test('the protocol that most members prefer among those that all know wins; who knows none of them is refused', () => {
  plays(`
    0 join a old protocols=range:x,sticky:y -> a: joined 1 range leader=a1 [a1=x]; CompletingRebalance
    1 join b old protocols=sticky:z -> PreparingRebalance
    2 join c old protocols=cooperative:q -> c: INCONSISTENT_GROUP_PROTOCOL; PreparingRebalance
    3 join a -> a: joined 2 sticky leader=a1 [a1=y,b2=z]; b: joined 2 sticky leader=a1; CompletingRebalance
    4 join d old type=connect -> d: INCONSISTENT_GROUP_PROTOCOL; CompletingRebalance`);
});

test('a full group takes nobody else', () => {
  plays(
    `
    0 join a old -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance
    1 join b old -> b: GROUP_MAX_SIZE_REACHED; CompletingRebalance
    2 join a -> a: joined 1 range leader=a1 [a1=a]; CompletingRebalance`,
    { maxSize: 1 },
  );
});

test('whatever happens, every request is answered once, and none is held without a deadline', () => {
  const action = fc.record({
    kind: fc.constantFrom('join', 'join', 'sync', 'beat', 'leave', 'tick', 'persisted', 'failed'),
    who: fc.nat(3),
    passes: fc.constantFrom(0, 1, 50, 400, 5000),
    flag: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const group = new Group('g', { initialRebalanceDelayMs: 30, maxSize: 3 }, new GroupOffsets(), 0);
      const ids = ['', '', '', ''];
      const purposes: Purpose[] = [];
      let monotonicMs = 0;
      let asked = 0;
      let answered = 0;
      const once = (run: () => void) => {
        let used = false;
        asked += 1;
        return () => {
          expect(used).toBe(false);
          used = true;
          answered += 1;
          run();
        };
      };
      const does = (step: (now: { wallMs: number; monotonicMs: number }, out: Output[]) => unknown) => {
        const out: Output[] = [];
        step({ wallMs: monotonicMs, monotonicMs }, out);
        for (const output of out) {
          if (output.kind === 'persist') purposes.push(output.purpose);
          else if (output.kind === 'join') output.to(output.answer);
          else output.to(output.answer);
        }
        if (answered < asked && purposes.length === 0) expect(group.wakeAt).toBeLessThan(Infinity);
      };
      for (const { kind, who, passes, flag } of actions) {
        monotonicMs += passes;
        while (group.wakeAt < monotonicMs) does((now, out) => group.tick(now, out));
        const memberId = flag ? ids[who]! : '';
        const instanceId = who === 3 ? 'static' : null;
        if (kind === 'join') {
          const reply = { answer: (): void => undefined };
          const settled = once(() => reply.answer());
          does((now, out) =>
            group.join(
              {
                memberId,
                newMemberId: `m${asked}`,
                instanceId,
                clientId: '',
                clientHost: '',
                rebalanceTimeoutMs: 300,
                sessionTimeoutMs: 100,
                protocolType: 'consumer',
                protocols: [{ name: 'p', metadata: Buffer.from([passes & 1]) }],
                needsKnownId: flag,
                maySkipAssignment: flag,
                reply: (answer) => {
                  if (answer.memberId !== '') ids[who] = answer.memberId;
                  settled();
                },
              },
              now,
              out,
            ),
          );
        } else if (kind === 'sync') {
          const reply = once(() => undefined);
          const { generation } = group;
          does((now, out) =>
            group.sync(
              {
                memberId,
                instanceId,
                generation,
                protocolType: null,
                protocolName: null,
                assignments: new Map(),
                reply,
              },
              now,
              out,
            ),
          );
        } else if (kind === 'beat')
          does((now) => group.heartbeat(memberId, instanceId, group.generation, now));
        else if (kind === 'leave') does((now, out) => group.leave(memberId, instanceId, now, out));
        else if (kind === 'tick') does((now, out) => group.tick(now, out));
        else {
          const purpose = purposes.shift();
          if (purpose !== undefined)
            does((now, out) => group.persisted(purpose, kind === 'failed' ? 15 : 0, now, out));
        }
      }
      while (purposes.length > 0) does((now, out) => group.persisted(purposes.shift()!, 0, now, out));
      for (let i = 0; i < 50 && group.wakeAt < Infinity; i++) {
        monotonicMs = Math.max(monotonicMs, group.wakeAt);
        does((now, out) => group.tick(now, out));
        while (purposes.length > 0) does((now, out) => group.persisted(purposes.shift()!, 0, now, out));
      }
      expect(answered).toBe(asked);
      expect(group.state).toBe('Empty');
    }),
    { numRuns: 500 },
  );
});
