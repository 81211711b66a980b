import { expect, test } from 'vitest';
import { bringTo, inPlace, nextDialed } from '../../../test/zookeeper/bring-to.ts';
import { Sessions, drive } from '../../../test/zookeeper/played-clients.ts';
import { PlayedEnsemble } from '../../../test/zookeeper/played-ensemble.ts';
import {
  bytesOf,
  dataOf,
  kindOf,
  quorumTraces,
  zxidOf,
  type QuorumTrace,
  type TraceConnection,
  type TraceFrame,
} from '../../../test/zookeeper/quorum-traces.ts';
import { OpCode } from '../jute/op-code.ts';

// Apache's leaders say to a follower of ours what they said to one of theirs, and what ours answers is compared with what theirs did.

/** Addresses of clients and what was only true of the recording. */
function comparable(bytes: Buffer): string {
  const kind = kindOf(bytes);
  // The configuration that a server starts with has no version here.
  if (kind.endsWith('INFO') && bytes.readInt32BE(12) === 20) bytes.fill(0, 28, 36);
  if (kind !== 'REQUEST') return `${kind} ${bytes.toString('hex')}`;
  return `${kind} ${bytes.subarray(0, 16 + bytes.readInt32BE(12)).toString('hex')}`;
}

/** 3.4 doesn't tell the version of its configuration, and acknowledges what it was brought with its own DIFF. */
function as39(theirs: string[], frames: readonly TraceFrame[]): void {
  theirs[0] = theirs[0]!.replace(/0000000c(.{24})ffffffff$/, '00000014$10000000000000000ffffffff');
  const newLeader = frames.findIndex(({ kind }) => kind === 'NEWLEADER');
  const brought = frames.slice(0, newLeader).filter(({ kind }) => kind === 'COMMIT');
  for (const { hex } of brought) {
    const at = theirs.indexOf(`ACK 00000003${hex.slice(8)}`);
    if (at >= 0) theirs.splice(at, 1);
  }
}

async function replay(
  trace: QuorumTrace,
  connection: TraceConnection,
): Promise<{ ours: string[]; theirs: string[]; said: string[] }> {
  const { dialer, acceptor } = connection;
  const frames = trace.frames.filter((frame) => frame.connection === connection.id);
  const first = bytesOf(frames[0]!);
  const role = frames[0]!.kind === 'OBSERVERINFO' ? 'observer' : 'participant';
  const isReconfig = trace.name.includes('reconfig');
  const ensemble = new PlayedEnsemble(
    trace,
    dialer,
    role,
    `maxSessionTimeout=60000\n${isReconfig ? 'reconfigEnabled=true' : ''}`,
  );
  await ensemble.start();
  const { world } = ensemble;
  const acceptedEpoch = zxidOf(first) / 2 ** 32;
  const agreed = frames.find(({ kind }) => kind === 'ACKEPOCH');
  const currentEpoch = agreed === undefined ? 0 : dataOf(bytesOf(agreed)).readInt32BE(0);
  const last = agreed === undefined ? 0 : zxidOf(bytesOf(agreed));
  await bringTo(
    ensemble,
    trace,
    acceptor,
    last,
    currentEpoch < 0 ? acceptedEpoch : currentEpoch,
    acceptedEpoch,
  );
  ensemble.said.length = 0;
  const sessions = new Sessions();
  const before = ensemble.dialed.length;
  inPlace(ensemble, acceptor, acceptedEpoch);
  const c = await nextDialed(ensemble, before);
  const theirs: string[] = [];
  const heard = (): Buffer[] => c.heard.filter((bytes) => kindOf(bytes) !== 'PING');
  const created: bigint[] = [];
  for (const frame of frames) {
    const bytes = bytesOf(frame);
    if (frame.from === dialer) {
      if (frame.kind === 'PING') continue;
      theirs.push(comparable(bytes));
      if (frame.kind === 'REQUEST' || frame.kind === 'REVALIDATE')
        await drive(ensemble, sessions, frame.kind, dataOf(bytes));
      if (frame.kind === 'REQUEST') {
        const session = dataOf(bytes).readBigInt64BE(0);
        const opened = sessions.clients.get(session)?.frames[0];
        if (opened !== undefined && opened.readBigInt64BE(8) !== 0n)
          sessions.set(session, opened.readBigInt64BE(8));
      }
      if (frame.kind === 'REQUEST' && dataOf(bytes).readInt32BE(12) === OpCode.createSession) {
        created.push(dataOf(bytes).readBigInt64BE(0));
        const ours = heard().filter(
          (b) => kindOf(b) === 'REQUEST' && dataOf(b).readInt32BE(12) === OpCode.createSession,
        );
        for (const [i, b] of ours.entries())
          if (i < created.length) sessions.set(created[i]!, dataOf(b).readBigInt64BE(0));
      }
    } else {
      await world.run(() => heard().length >= theirs.length, 300);
      c.send(sessions.toOurs(bytes));
      await world.run(world.nowMs + 1);
    }
  }
  await world.run(() => heard().length >= theirs.length, 300);
  await world.run(world.nowMs + 50);
  if (trace.servers.find(({ id }) => id === dialer)!.version.startsWith('3.4')) as39(theirs, frames);
  return { ours: heard().map((bytes) => comparable(sessions.toTheirs(bytes))), theirs, said: ensemble.said };
}

/** Where Apache's follower was frozen, or broke down of create2, ours goes on answering. */
const goesOn = (name: string, { acceptor }: TraceConnection): boolean =>
  (name.includes('trunc') && acceptor === 3) ||
  /^(34-frozen 15|39-frozen 4|mixed-34-39-39-create2 (8|9|10))$/.test(name);

const ownEphemerals =
  /^(39-basics 7|39-leader-killed 10|39-local-sessions 3|39-observer 9|mixed-39-obs34 13)$/;

const cases = quorumTraces().flatMap((trace) =>
  trace.connections
    // Its leader counts from 0xfffffff8 on, for the sake of the recording: a hole, for ours.
    .filter(({ port }) => port === 'quorum' && trace.name !== '39-rollover')
    .map((connection) => ({ name: `${trace.name} ${connection.id}`, trace, connection })),
);

const usual = cases.filter(({ name }) => name !== '39-hole 40' && name !== 'mixed-39-39-34-create2 6');

test.each(usual)('a learner answers as Apache’s did: $name', async ({ name, trace, connection }) => {
  const { ours, theirs, said } = await replay(trace, connection);
  // An ephemeral of a session that began here makes another digest.
  if (!ownEphemerals.test(name)) expect(said.join('\n')).not.toContain('differ');
  const requests = (all: string[]): string[] => all.filter((line) => /^(REQUEST|REVALIDATE)/.test(line));
  const others = (all: string[]): string[] => all.filter((line) => !/^(REQUEST|REVALIDATE)/.test(line));
  expect(requests(ours)).toEqual(requests(theirs));
  const answers = others(ours);
  if (goesOn(name, connection)) answers.length = others(theirs).length;
  expect(answers).toEqual(others(theirs));
});

const find = (name: string): (typeof cases)[number] => cases.find((one) => one.name === name)!;

test('a DIFF with a hole, as 3.9.3 sends it (ZOOKEEPER-4925), is refused with a sentence that says what is missing', async () => {
  const { trace, connection } = find('39-hole 40');
  const { ours, said } = await replay(trace, connection);
  expect(ours).toEqual([expect.stringMatching(/^FOLLOWERINFO/), expect.stringMatching(/^ACKEPOCH/)]);
  expect(said.join()).toContain('behind 0x100000002: those between are missing');
});

test('a 3.4 leader never hears of create2, which ended its connection: it goes as create', async () => {
  const { trace, connection } = find('mixed-39-39-34-create2 6');
  const { ours, theirs } = await replay(trace, connection);
  const [at] = theirs.flatMap((line, i) => (line.includes('0000000f000000032f6332') ? [i] : []));
  expect(ours[at!]).toBe(theirs[at!]!.replace('0000000f000000032f6332', '00000001000000032f6332'));
});
