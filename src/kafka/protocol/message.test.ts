import { describe, expect, test } from 'vitest';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import type { RequestDraft } from './api.ts';
import { apis, controllerApis } from './apis.ts';
import { ErrorCode, errorInfo, KafkaError } from './errors.ts';
import { produce } from './messages/00-produce.ts';
import { fetch } from './messages/01-fetch.ts';
import { heartbeat } from './messages/12-heartbeat.ts';
import { joinGroup } from './messages/11-join-group.ts';
import { updateMetadata } from './messages/06-update-metadata.ts';

function bytesOf<M extends { encode(w: Writer, version: number, draft: never): void }>(
  message: M,
  version: number,
  draft: Parameters<M['encode']>[2],
): Buffer {
  const writer = new Writer();
  message.encode(writer, version, draft);
  return writer.finish();
}

const beat: RequestDraft<typeof heartbeat> = { groupId: 'g', generationId: 3, memberId: 'm' };

describe('a message in a version', () => {
  test('fields that it lacks come out at their defaults', () => {
    const bytes = bytesOf(heartbeat.request, 0, beat);
    expect(heartbeat.request.decode(new Reader(bytes), 0)).toEqual({ ...beat, groupInstanceId: null });
    const old = bytesOf(fetch.request, 0, { maxWaitMs: 1, minBytes: 2, topics: [] });
    expect(fetch.request.decode(new Reader(old), 0)).toMatchObject({
      maxBytes: 0x7fff_ffff,
      replicaState: { replicaId: -1, replicaEpoch: -1 },
      forgottenTopicsData: [],
    });
  });

  test('refuses to drop what it has no field for', () => {
    const draft = { ...beat, groupInstanceId: 'i' };
    expect(() => bytesOf(heartbeat.request, 2, draft)).toThrow(WireError);
    expect(() => bytesOf(heartbeat.request, 3, draft)).not.toThrow();
  });

  test('drops what it may ignore', () => {
    const draft = { throttleTimeMs: 7, errorCode: 0 };
    expect(bytesOf(heartbeat.response, 0, draft).toString('hex')).toBe('0000');
  });

  test('refuses null where it has no null', () => {
    const draft = {
      errorCode: 0,
      generationId: 1,
      protocolName: null,
      leader: '',
      memberId: '',
      members: [],
    };
    expect(() => bytesOf(joinGroup.response, 6, draft)).toThrow(/protocolName v6.*null/);
    expect(() => bytesOf(joinGroup.response, 7, draft)).not.toThrow();
  });

  test('refuses texts beyond 32767 bytes', () => {
    expect(() => bytesOf(heartbeat.request, 0, { ...beat, memberId: 'x'.repeat(32768) })).toThrow(WireError);
  });

  test('throws a WireError for versions that there are not', () => {
    expect(() => heartbeat.request.decode(new Reader(Buffer.alloc(10)), 99)).toThrow(WireError);
  });
});

test('record batches go in as pieces and come out as one view, never copied', () => {
  const pieces = [Buffer.alloc(2000, 1), Buffer.alloc(3000, 2)];
  const writer = new Writer();
  produce.request.encode(writer, 9, {
    acks: -1,
    timeoutMs: 1,
    topicData: [{ name: 't', partitionData: [{ index: 0, records: pieces }] }],
  });
  const parts = writer.parts();
  expect(parts).toContain(pieces[0]);
  expect(parts).toContain(pieces[1]);
  const frame = Buffer.concat(parts);
  const { records } = produce.request.decode(new Reader(frame), 9).topicData[0]!.partitionData[0]!;
  expect(records).toEqual(Buffer.concat(pieces));
  expect(records!.buffer).toBe(frame.buffer);
});

test('int64 beyond what a number holds stays exact', () => {
  const draft = { controllerId: 1, controllerEpoch: 1, brokerEpoch: 9223372036854775807n, liveBrokers: [] };
  const decoded = updateMetadata.request.decode(new Reader(bytesOf(updateMetadata.request, 5, draft)), 5);
  expect(decoded.brokerEpoch).toBe(9223372036854775807n);
});

test('there are the 84 APIs of brokers, in the order of their keys', () => {
  const keys = apis.map((api) => api.key);
  expect(keys).toHaveLength(84);
  expect(keys).toEqual([...new Set(keys)].toSorted((a, b) => a - b));
  const all = [...keys, ...controllerApis.map((api) => api.key)].toSorted((a, b) => a - b);
  expect(all).toEqual(Array.from({ length: 93 }, (_, key) => key));
});

test('errors have names and sentences, and unknown codes are unknown server errors', () => {
  expect(ErrorCode.NOT_COORDINATOR).toBe(16);
  expect(errorInfo(16)).toMatchObject({ name: 'NOT_COORDINATOR', retriable: true });
  expect(errorInfo(9999).name).toBe('UNKNOWN_SERVER_ERROR');
  expect(new KafkaError(16).message).toMatch(/^NOT_COORDINATOR: /);
});
