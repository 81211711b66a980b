import { expect, test } from 'vitest';
import { bytesOf, quorumTraces } from '../../../../test/zookeeper/quorum-traces.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { decodeInitial, decodeNotification, encodeInitial, encodeNotification } from './messages.ts';

// On the election port there is no length before an initial message, and four bytes of it before a notification.

const frames = quorumTraces().flatMap((trace) => {
  const ports = new Map(trace.connections.map(({ id, port }) => [id, port]));
  return trace.frames
    .filter(({ connection }) => ports.get(connection) === 'election')
    .map((frame) => ({ frame, bytes: bytesOf(frame) }));
});

test('whatever Apache’s servers were recorded to say at the beginning is understood, however it is cut, and said alike', () => {
  const initials = frames.filter(({ frame }) => frame.kind === 'INITIAL');
  expect(initials.length).toBeGreaterThan(100);
  for (const { frame, bytes } of initials) {
    const initial = decodeInitial(bytes)!;
    expect(initial).toMatchObject({ from: frame.from, bytes: bytes.length });
    for (let cut = 0; cut < bytes.length; cut++) expect(decodeInitial(bytes.subarray(0, cut))).toBe(null);
    if (bytes.length > 8) expect(encodeInitial(initial.from, initial.addresses)).toEqual(bytes);
  }
});

test('whatever Apache’s servers were recorded to say in elections is understood, and said alike', () => {
  const said = frames.filter(({ frame }) => frame.kind === 'NOTIFICATION');
  expect(said.length).toBeGreaterThan(1000);
  for (const { bytes } of said) {
    const heard = decodeNotification(bytes.subarray(4))!;
    const ours = encodeNotification(heard, heard.config);
    // 3.4 says 40 bytes: no configuration, and 1 as the version.
    if (bytes.length === 44) expect(ours.subarray(4, 40)).toEqual(bytes.subarray(4, 40));
    else expect(ours).toEqual(bytes);
  }
});

const vote = { leader: 2, zxid: 3 * 2 ** 32 + 7, epoch: 4 };
const whole = encodeNotification({ state: 'following', vote, round: 9 }, 'version=0').subarray(4);

test.each([
  [28, { leader: 2, zxid: vote.zxid, epoch: 3 }, ''],
  [36, vote, ''],
  [40, vote, ''],
  [whole.length, vote, 'version=0'],
  // Cut short: the configuration is left out, and the vote counts (ZOOKEEPER-3769).
  [whole.length - 1, vote, ''],
])('a notification of %i bytes, as some release writes it, is read', (bytes, expected, config) => {
  expect(decodeNotification(whole.subarray(0, bytes))).toEqual({
    state: 'following',
    vote: expected,
    round: 9,
    config,
  });
});

test('what is no notification is passed over: too short, or of a state that nobody knows', () => {
  expect(decodeNotification(whole.subarray(0, 27))).toBe(null);
  const strange = Buffer.from(whole);
  strange.writeInt32BE(4, 0);
  expect(decodeNotification(strange)).toBe(null);
});

test.each([
  ['zxid', 12, 2n ** 53n],
  ['round', 20, 2n ** 53n],
  ['epoch', 28, 2n ** 21n],
])('a notification with a %s that no ensemble gets to is an error', (_, at, value) => {
  const message = Buffer.from(whole);
  message.writeBigInt64BE(value - 1n, at);
  expect(decodeNotification(message)).not.toBe(null);
  message.writeBigInt64BE(value, at);
  expect(() => decodeNotification(message)).toThrow(WireError);
});

test('addresses of IPv6 stand in brackets, several behind one another, and those of every host are passed over', () => {
  const addresses = [
    { host: '::1', port: 3888 },
    { host: 'zk2', port: 13888 },
  ];
  expect(encodeInitial(7, addresses, true).toString('latin1', 20)).toBe('[::1]:3888|zk2:13888');
  expect(decodeInitial(encodeInitial(7, addresses, true))).toMatchObject({ from: 7, addresses });
  expect(decodeInitial(encodeInitial(7, [{ host: '0.0.0.0', port: 3888 }]))!.addresses).toEqual([]);
});

test.each([
  ['of a version that nobody knows', 'fffffffffffeffff0000000000000001'],
  ['with an address of 2049 bytes', 'ffffffffffff0000000000000000000100000801'],
])('an initial message %s is an error', (_, hex) => {
  const bytes = Buffer.concat([Buffer.from(hex, 'hex'), Buffer.alloc(16)]);
  expect(() => decodeInitial(bytes)).toThrow(WireError);
});
