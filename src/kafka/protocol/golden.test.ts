import { describe, expect, test } from 'vitest';
import { difference, frameVectors, vectors, type Vector } from '../../../test/support/kafka-vectors.ts';
import { Reader } from '../../wire/reader.ts';
import { Writer } from '../../wire/writer.ts';
import { requestHeaderVersion, type Api } from './api.ts';
import { apiByKey, apis, controllerApis } from './apis.ts';

import {
  decodeRequest,
  decodeRequestHeader,
  decodeResponse,
  decodeResponseHeader,
  encodeRequest,
  encodeResponse,
} from './codec.ts';
import { requestHeader, responseHeader } from './headers.ts';
import type { Message } from './message.ts';

const all = [...apis, ...controllerApis];
const byKey = new Map(all.map((api) => [api.key, api]));

describe('every message that Apache wrote is read as it says and written back to the byte', () => {
  test.each(all)('$name', (api) => {
    const lines = vectors(api.name);
    for (const vector of lines) check(vector, vector.kind === 'request' ? api.request : api.response);
    const versions = new Set(lines.map((vector) => vector.version));
    for (let version = api.versions[0]; version <= api.versions[1]; version++)
      expect(versions).toContain(version);
  });

  test('headers', () => {
    for (const vector of vectors('_headers'))
      check(vector, vector.kind === 'requestHeader' ? requestHeader : responseHeader);
  });

  test('error responses, and the requests that they answer', () => {
    for (const vector of vectors('_errorResponses')) {
      const api = byKey.get(vector.key)!;
      check(vector, api.response);
      const bytes = Buffer.from(vector.request, 'hex');
      const request = api.request.decode(new Reader(bytes), vector.version);
      expect(written(api.request, vector.version, request)).toBe(vector.request);
    }
  });
});

describe('whole frames', () => {
  test.each(['_frames', '_traps'] as const)(
    '%s: header versions fit, and what is read is written back',
    (name) => {
      for (const vector of frameVectors(name)) {
        const api = byKey.get(vector.key)!;
        if (!api.request.has(vector.version)) continue; // the next test
        const reader = new Reader(Buffer.from(vector.request, 'hex'), 4);
        const header = requestHeader.decode(reader, requestHeaderVersion(api, vector.version));
        expect(header).toMatchObject({ requestApiKey: vector.key, requestApiVersion: vector.version });
        const known = decodeRequestHeader(new Reader(reader.buffer, 4));
        expect(known.correlationId).toBe(header.correlationId);
        expect(known.clientId).toBe(apis.includes(api) ? header.clientId : null);
        expect(header.clientId).toBe(vector.requestHeader.clientId ?? null);
        const request = decodeRequest(api, vector.version, reader);
        expect(reader.remaining).toBe(0);
        const { correlationId, clientId } = header;
        expect(hex(encodeRequest(api, vector.version, correlationId, clientId, request))).toBe(
          vector.request,
        );
        expect(answered(api, vector.version, vector.response)).toBe(vector.response);
      }
    },
  );

  test('of a version that is not known only the common part of the header is read', () => {
    const vector = frameVectors('_traps').find((v) => v.responseVersion !== undefined)!;
    const header = decodeRequestHeader(new Reader(Buffer.from(vector.request, 'hex'), 4));
    expect(header).toEqual({ apiKey: 18, apiVersion: 127, correlationId: 5, clientId: null });
    expect(answered(apiByKey(18)!, vector.responseVersion!, vector.response)).toBe(vector.response);
  });

  test('one writer makes many responses, and earlier ones stay as they are', () => {
    const api = apiByKey(12)!;
    const writer = new Writer(32);
    const frames = [1, 2, 3].map((id) =>
      encodeResponse(api, 1, id, { throttleTimeMs: id, errorCode: 0 }, writer),
    );
    expect(frames.map(hex)).toEqual(
      [1, 2, 3].map((id) => hex(encodeResponse(api, 1, id, { throttleTimeMs: id, errorCode: 0 }))),
    );
  });
});

function check(vector: Vector, message: Message): void {
  const reader = new Reader(Buffer.from(vector.hex, 'hex'));
  const value = message.decode(reader, vector.version);
  const name = `${vector.api} v${vector.version} ${vector.kind} ${vector.case}`;
  expect(reader.remaining, name).toBe(0);
  expect(difference(value, vector.json), name).toBe(null);
  expect(written(message, vector.version, value), name).toBe(vector.hex);
}

function written(message: Message, version: number, value: Record<string, unknown>): string {
  const writer = new Writer();
  message.encode(writer, version, value);
  return writer.finish().toString('hex');
}

function answered(api: Api, version: number, response: string): string {
  const reader = new Reader(Buffer.from(response, 'hex'), 4);
  const { correlationId } = decodeResponseHeader(api, version, reader);
  const body = decodeResponse(api, version, reader);
  expect(reader.remaining).toBe(0);
  return hex(encodeResponse(api, version, correlationId, body));
}

function hex(parts: Buffer[]): string {
  return Buffer.concat(parts).toString('hex');
}
