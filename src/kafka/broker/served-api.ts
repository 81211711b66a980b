import type { Api, RequestOf, ResponseDraft } from '../protocol/api.ts';
import type { Later } from './later.ts';
import type { Fields } from '../protocol/schema.ts';

/** Where a request came from. */
export interface RequestContext {
  readonly apiVersion: number;
  readonly clientId: string | null;
  /** An address, without port. */
  readonly clientAddress: string;
  /** The name of the listener that the connection came through. */
  readonly listener: string;
  /** `User:ANONYMOUS` where nobody authenticated. */
  readonly principal: string;
  /** Tells connections of this broker apart; as long as the connection lives. */
  readonly connectionId: string;
  /** To be called before `handle` returns: nothing refers to the request's bytes any more, so that their memory serves the next one. */
  release(): void;
  /** Runs when the whole answer has left, and nothing refers to its parts any more; maybe never. One at most. */
  onSent(run: () => void): void;
  /** Runs when the connection closes; at once when it is closed already. */
  onClosed(run: () => void): void;
}

type Answer<A extends Api> =
  ResponseDraft<A> | Promise<ResponseDraft<A> | null> | Later<ResponseDraft<A> | null> | null;

export interface ServeOptions<A extends Api> {
  /** Narrower than those of the table. */
  readonly versions?: readonly [min: number, max: number];
  /**
   * A later request of the same connection may be handled before this one is answered, as long as only such are waiting: for
   * requests whose effect has happened when `handle` returns. All others wait for their predecessors' answers, as in Apache's broker.
   */
  readonly pipelined?: boolean;
  /** What to answer when `handle` throws. Without it, or where it gives undefined, the connection is closed. */
  errorResponse?(
    request: RequestOf<A>,
    code: number,
    message: string | null,
    version: number,
  ): ResponseDraft<A> | undefined;
}

/** What one broker answers for one API. Made by `serve`, which knows the types. */
export interface ServedApi {
  readonly api: Api;
  readonly versions: readonly [min: number, max: number];
  readonly pipelined: boolean;
  handle(request: unknown, context: RequestContext): unknown;
  errorResponse:
    ((request: unknown, code: number, message: string | null, version: number) => unknown) | null;
}

/**
 * A handler gives the answer, a promise of it, or a `Later` where it matters; null: there is none (Produce with acks 0). It throws a KafkaError, or rejects with
 * one, for a code that concerns the whole request. ApiVersions is made from what is served, so what isn't served isn't advertised.
 */
export function serve<A extends Api<Fields, Fields>>(
  api: A,
  handle: (request: RequestOf<A>, context: RequestContext) => Answer<A>,
  options: ServeOptions<A> = {},
): ServedApi {
  return {
    api,
    versions: options.versions ?? api.versions,
    pipelined: options.pipelined ?? false,
    handle: handle as ServedApi['handle'],
    errorResponse: (options.errorResponse as ServedApi['errorResponse'] | undefined) ?? null,
  };
}

/** Thrown by a handler to whose request there is no answer that says what went wrong: the connection is closed. */
export class CloseConnection extends Error {}
