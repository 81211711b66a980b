import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { decodeRequest, decodeRequestHeader } from '../protocol/codec.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { apiVersions } from '../protocol/messages/18-api-versions.ts';
import type { Log } from '../../runtime/runtime.ts';
import type { RequestContext, ServedApi } from './served-api.ts';
import { CloseConnection, serve } from './served-api.ts';

/** A request that has been read and is ready to be handled. */
export interface ReadRequest {
  readonly served: ServedApi;
  readonly version: number;
  /** In which version to answer; ApiVersions alone answers in another one than it was asked. */
  readonly responseVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
  readonly sizeBytes: number;
  readonly body: unknown;
}

const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/;

/** Which API a frame is for, and what is served at all. ApiVersions is answered from the very list that requests are looked up in. */
export class RequestRouter {
  private readonly byKey = new Map<number, ServedApi>();
  private readonly unknownApiVersions: ServedApi;
  private readonly log: Log;

  constructor(apis: readonly ServedApi[], log: Log) {
    this.log = log;
    for (const served of apis) {
      if (this.byKey.has(served.api.key)) throw new Error(`${served.api.name} is served twice`);
      this.byKey.set(served.api.key, served);
    }
    this.byKey.set(apiVersions.key, this.apiVersions());
    const [min, max] = apiVersions.versions;
    const own = { apiKey: apiVersions.key, minVersion: min, maxVersion: max };
    this.unknownApiVersions = serve(apiVersions, () => ({
      errorCode: ErrorCode.UNSUPPORTED_VERSION,
      apiKeys: [own],
    }));
  }

  /** Throws a WireError for what can't be answered: the connection is to be closed then. */
  read(frame: Buffer): ReadRequest {
    const reader = new Reader(frame);
    const { apiKey, apiVersion, correlationId, clientId } = decodeRequestHeader(reader);
    const served = this.byKey.get(apiKey);
    if (served === undefined) throw new WireError('api key', 0, `${apiKey} is not served here`);
    if (apiVersion < served.versions[0] || apiVersion > served.versions[1]) {
      if (apiKey !== apiVersions.key)
        throw new WireError(
          `${served.api.name} version`,
          2,
          `${apiVersion} is not served here, ${served.versions.join(' to ')} are`,
        );
      // a client may ask in a version that is newer than we are: the answer in version 0 tells it (KIP-511)
      return {
        served: this.unknownApiVersions,
        version: 0,
        responseVersion: 0,
        correlationId,
        clientId,
        sizeBytes: frame.length,
        body: null,
      };
    }
    return {
      served,
      version: apiVersion,
      responseVersion: apiVersion,
      correlationId,
      clientId,
      sizeBytes: frame.length,
      body: decodeRequest(served.api, apiVersion, reader),
    };
  }

  /** The answer or a promise of it; null: none. Throws what the handler throws. */
  handle(request: ReadRequest, context: RequestContext): unknown {
    return request.served.handle(request.body, context);
  }

  /** What to answer when a handler failed; undefined: nothing can be answered, the connection is to be closed. */
  failed(request: ReadRequest, error: unknown): unknown {
    const { served } = request;
    if (error instanceof CloseConnection) return undefined;
    const known = error instanceof KafkaError;
    if (!known)
      this.log.error(
        `${served.api.name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
        {
          api: served.api.name,
          version: request.version,
        },
      );
    if (served.errorResponse === null) return undefined;
    const code = known ? error.code : ErrorCode.UNKNOWN_SERVER_ERROR;
    return served.errorResponse(request.body, code, known ? error.message : null, request.version);
  }

  private apiVersions(): ServedApi {
    return serve(
      apiVersions,
      (request, context) => {
        const named = context.apiVersion >= 3;
        if (
          named &&
          !(
            SOFTWARE_NAME.test(request.clientSoftwareName) &&
            SOFTWARE_NAME.test(request.clientSoftwareVersion)
          )
        )
          return { errorCode: ErrorCode.INVALID_REQUEST, apiKeys: [] };
        return { errorCode: ErrorCode.NONE, apiKeys: this.advertised() };
      },
      { pipelined: true },
    );
  }

  private advertised(): { apiKey: number; minVersion: number; maxVersion: number }[] {
    return [...this.byKey.values()]
      .sort((a, b) => a.api.key - b.api.key)
      .map(({ api, versions: [minVersion, maxVersion] }) => ({ apiKey: api.key, minVersion, maxVersion }));
  }
}
