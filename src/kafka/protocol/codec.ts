import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Writer } from '../../wire/writer.ts';
import {
  requestHeaderVersion,
  responseHeaderVersion,
  type Api,
  type RequestDraft,
  type RequestOf,
  type ResponseDraft,
  type ResponseOf,
} from './api.ts';
import { apiByKey } from './apis.ts';
import { requestHeader, responseHeader } from './headers.ts';

/** Whole frames: size, header and body. A frame as it is received comes without its size (`wire/frames.ts` has read that). */

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/**
 * Reads a request's header and leaves the reader at its body. Of an API or version that isn't known only the part that all headers
 * have in common is read: clientId is null then, and the body can't be read.
 */
export function decodeRequestHeader(reader: Reader): RequestHeader {
  const start = reader.position;
  const apiKey = reader.int16();
  const apiVersion = reader.int16();
  const api = apiByKey(apiKey);
  if (api === undefined || !api.request.has(apiVersion))
    return { apiKey, apiVersion, correlationId: reader.int32(), clientId: null };
  reader.position = start;
  const header = requestHeader.decode(reader, requestHeaderVersion(api, apiVersion));
  return { apiKey, apiVersion, correlationId: header.correlationId, clientId: header.clientId };
}

/** The body, after `decodeRequestHeader`. */
export function decodeRequest<A extends Api>(api: A, version: number, reader: Reader): RequestOf<A> {
  return api.request.decode(reader, version) as RequestOf<A>;
}

/** A frame with its size, in pieces (record batches aren't copied). */
export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  clientId: string | null,
  body: RequestDraft<A>,
  writer: Writer = new Writer(),
): Buffer[] {
  writer.reset();
  writer.int32(0);
  requestHeader.encode(writer, requestHeaderVersion(api, version), {
    requestApiKey: api.key,
    requestApiVersion: version,
    correlationId,
    clientId,
  });
  api.request.encode(writer, version, body);
  return frame(writer);
}

/** A frame with its size, in pieces. `writer` can be one for all responses of a connection: what it gave out stays valid. */
export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  correlationId: number,
  body: ResponseDraft<A>,
  writer: Writer = new Writer(),
): Buffer[] {
  writer.reset();
  writer.int32(0);
  responseHeader.encode(writer, responseHeaderVersion(api, version), { correlationId });
  api.response.encode(writer, version, body);
  return frame(writer);
}

/** Reads the header of a response to a request of this API and version; the reader is left at the body. */
export function decodeResponseHeader(api: Api, version: number, reader: Reader): { correlationId: number } {
  return responseHeader.decode(reader, responseHeaderVersion(api, version));
}

/** The body, after `decodeResponseHeader`. */
export function decodeResponse<A extends Api>(api: A, version: number, reader: Reader): ResponseOf<A> {
  return api.response.decode(reader, version) as ResponseOf<A>;
}

function frame(writer: Writer): Buffer[] {
  const size = writer.position - 4;
  if (size > 0x7fff_ffff) throw new WireError('frame', 0, `${size} bytes are too many`);
  writer.setInt32(0, size);
  return writer.parts();
}
