import { Message } from './message.ts';
import type { Draft, Fields, Value } from './schema.ts';

/** A request and what answers it. */
export interface Api<Q extends Fields = Fields, S extends Fields = Fields> {
  readonly key: number;
  readonly name: string;
  /** What may be advertised. The tables may know more: unstable versions, which are never offered. */
  readonly versions: readonly [min: number, max: number];
  readonly request: Message<Q>;
  readonly response: Message<S>;
}

export type RequestOf<A extends Api> = Value<A['request']['fields']>;
export type ResponseOf<A extends Api> = Value<A['response']['fields']>;
export type RequestDraft<A extends Api> = Draft<A['request']['fields']>;
export type ResponseDraft<A extends Api> = Draft<A['response']['fields']>;

export interface ApiShape<Q extends Fields, S extends Fields> {
  readonly key: number;
  readonly name: string;
  readonly versions: readonly [min: number, max: number];
  /** The first version with compact lengths and tagged fields (KIP-482). Absent: none has them. */
  readonly flexible?: number;
  /** Those of `versions` that Apache's brokers advertise, when not all. */
  readonly stable?: readonly [min: number, max: number];
  readonly request: Q;
  readonly response: S;
}

export function api<Q extends Fields, S extends Fields>(shape: ApiShape<Q, S>): Api<Q, S> {
  const { key, name, versions } = shape;
  const flexible = shape.flexible === undefined ? {} : { flexible: shape.flexible };
  return {
    key,
    name,
    versions: shape.stable ?? versions,
    request: new Message(`${name}Request`, { versions, ...flexible, fields: shape.request }),
    response: new Message(`${name}Response`, { versions, ...flexible, fields: shape.response }),
  };
}

/** 0 has no client id, 2 is flexible. */
export function requestHeaderVersion(api: Api, version: number): 0 | 1 | 2 {
  if (api.key === 7 && version === 0) return 0; // ControlledShutdown's first version is older than client ids
  return api.request.isFlexible(version) ? 2 : 1;
}

/** 1 is flexible. ApiVersions stays at 0, since a client must read that answer before it knows what the broker speaks (KIP-511). */
export function responseHeaderVersion(api: Api, version: number): 0 | 1 {
  return api.key !== 18 && api.response.isFlexible(version) ? 1 : 0;
}
