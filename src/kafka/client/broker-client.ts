import type { Connection, Endpoint, Runtime, Timer } from '../../runtime/runtime.ts';
import { FrameSplitter } from '../../wire/frames.ts';
import { SpareBuffers } from '../../wire/spare-buffers.ts';
import { Reader } from '../../wire/reader.ts';
import type { Api, RequestDraft, ResponseOf } from '../protocol/api.ts';
import { decodeResponse, decodeResponseHeader, encodeRequest } from '../protocol/codec.ts';
import { BrokerUnreachable } from './broker-unreachable.ts';

export interface BrokerClientOptions {
  readonly endpoint: Endpoint;
  readonly clientId: string | null;
  readonly connectTimeoutMs?: number;
  /** How long an answer may take. Then the connection is given up, as nothing behind it would come either. */
  readonly requestTimeoutMs?: number;
  readonly maxResponseBytes?: number;
}

/** Memory that is kept for answers to come. */
const SPARE_BYTES = 1024 * 1024;

interface Waiting {
  readonly api: Api;
  readonly version: number;
  readonly correlationId: number;
  readonly deadlineMs: number;
  resolve(response: unknown): void;
  reject(error: Error): void;
}

/**
 * One connection to one broker, made when the first request is sent and again after it was lost. Requests are pipelined: those of
 * one turn leave together, answers come in order. What was sent on a connection that is lost rejects with BrokerUnreachable; whether to
 * try again is the caller's decision.
 */
export class BrokerClient {
  readonly endpoint: Endpoint;
  private readonly runtime: Runtime;
  private readonly options: BrokerClientOptions;
  private readonly requestTimeoutMs: number;
  private connection: Connection | null = null;
  private frames: FrameSplitter | null = null;
  private lastAnswer: Buffer | null = null;
  private readonly spares = new SpareBuffers(SPARE_BYTES);
  private connecting = false;
  private closed = false;
  private nextCorrelationId = 0;
  /** Sent, or to be sent as soon as there is a connection; oldest first. */
  private waiting: Waiting[] = [];
  private unsent: Buffer[] = [];
  private timer: Timer | null = null;

  constructor(runtime: Runtime, options: BrokerClientOptions) {
    this.runtime = runtime;
    this.options = options;
    this.endpoint = options.endpoint;
    this.requestTimeoutMs = options.requestTimeoutMs ?? 30_000;
  }

  /** Rejects with BrokerUnreachable, or with a WireError when the answer can't be read. */
  send<A extends Api>(api: A, version: number, body: RequestDraft<A>): Promise<ResponseOf<A>> {
    if (this.closed) return Promise.reject(new BrokerUnreachable(this.endpoint, 'the client is closed'));
    const correlationId = this.nextCorrelationId;
    this.nextCorrelationId = (correlationId + 1) & 0x7fffffff;
    const parts = encodeRequest(api, version, correlationId, this.options.clientId, body);
    const deadlineMs = this.runtime.clock.monotonicMs() + this.requestTimeoutMs;
    // the network gathers what is written in a turn
    if (this.connection === null) {
      this.unsent.push(...parts);
      this.connect();
    } else for (const part of parts) this.connection.write(part);
    this.watch();
    return new Promise<ResponseOf<A>>((resolve, reject) => {
      this.waiting.push({
        api,
        version,
        correlationId,
        deadlineMs,
        resolve: resolve as (response: unknown) => void,
        reject,
      });
    });
  }

  /** Nothing refers to the bytes of the last answer any more: their memory serves the next one. */
  releaseLastAnswer(): void {
    if (this.lastAnswer !== null) this.frames?.release(this.lastAnswer);
    this.lastAnswer = null;
  }

  close(): void {
    this.closed = true;
    this.lost('the client was closed');
  }

  private connect(): void {
    if (this.connection !== null || this.connecting) return;
    this.connecting = true;
    this.runtime.network.connect(this.endpoint, { timeoutMs: this.options.connectTimeoutMs ?? 10_000 }).then(
      (connection) => {
        this.connecting = false;
        if (this.closed) connection.destroy();
        else this.connected(connection);
      },
      (error: Error) => {
        this.connecting = false;
        this.lost(error.message);
      },
    );
  }

  private connected(connection: Connection): void {
    this.connection = connection;
    const frames = new FrameSplitter(this.options.maxResponseBytes ?? 512 * 1024 * 1024, this.spares);
    this.frames = frames;
    const isCurrent = (): boolean => this.connection === connection;
    const each = (frame: Buffer): void => {
      if (isCurrent()) this.answered(frame);
    };
    const received = (bytes: Buffer, isLent: boolean): void => {
      if (!isCurrent()) return;
      try {
        if (isLent) frames.pushLent(bytes, each);
        else frames.push(bytes, each);
      } catch (error) {
        this.lost(error instanceof Error ? error.message : 'the answer could not be read');
      }
    };
    connection.start({
      data: (bytes) => received(bytes, false),
      lent: (bytes) => received(bytes, true),
      closed: (error) => {
        if (isCurrent()) this.lost(error?.message ?? 'the connection was closed');
      },
    });
    for (const part of this.unsent) connection.write(part);
    this.unsent = [];
  }

  private answered(frame: Buffer): void {
    const waiting = this.waiting.shift();
    this.lastAnswer = frame;
    const correlationId = frame.length >= 4 ? frame.readInt32BE(0) : -1;
    if (waiting === undefined || waiting.correlationId !== correlationId) {
      if (waiting !== undefined) this.waiting.unshift(waiting);
      this.lost(`an answer came that nobody waits for (correlation id ${correlationId})`);
      return;
    }
    try {
      const reader = new Reader(frame);
      decodeResponseHeader(waiting.api, waiting.version, reader);
      waiting.resolve(decodeResponse(waiting.api, waiting.version, reader));
    } catch (error) {
      waiting.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** One timer for all that waits: the oldest request is the first to be late. */
  private watch(): void {
    if (this.timer !== null) return;
    this.timer = this.runtime.clock.after(Math.min(this.requestTimeoutMs, 1000), () => {
      this.timer = null;
      const [oldest] = this.waiting;
      if (oldest === undefined) return;
      if (oldest.deadlineMs <= this.runtime.clock.monotonicMs())
        this.lost(`no answer to ${oldest.api.name} in ${this.requestTimeoutMs} ms`);
      else this.watch();
    });
  }

  private lost(reason: string): void {
    const { connection, waiting } = this;
    this.connection = null;
    this.frames = null;
    this.lastAnswer = null;
    this.waiting = [];
    this.unsent = [];
    this.timer?.cancel();
    this.timer = null;
    connection?.destroy();
    if (waiting.length === 0) return;
    const error = new BrokerUnreachable(this.endpoint, reason);
    for (const each of waiting) each.reject(error);
  }
}
