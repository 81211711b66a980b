import type { Connection, Runtime } from '../../../runtime/runtime.ts';
import { FrameSplitter } from '../../../wire/frames.ts';
import type { SpareBuffers } from '../../../wire/spare-buffers.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import { encodeResponse } from '../../protocol/codec.ts';
import { Later } from '../later.ts';
import { foreignProtocol } from './foreign-protocol.ts';
import type { RequestMetrics } from '../request-metrics.ts';
import type { ReadRequest, RequestRouter } from '../request-router.ts';
import type { RequestContext } from '../served-api.ts';

export interface ClientConnectionOptions {
  readonly listener: string;
  readonly id: string;
  readonly maxRequestBytes: number;
  readonly router: RequestRouter;
  readonly metrics: RequestMetrics;
  readonly spares: SpareBuffers;
  onClosed(connection: ClientConnection): void;
}

/** So many requests may be in work on one connection; only Produce ever is more than one. */
const MAX_IN_WORK = 128;
/** So many requests may wait behind one that isn't answered yet; then the socket isn't read any more. */
const MAX_QUEUED = 64;

/** A request in work: its place in the order of answers. */
interface Slot {
  readonly request: ReadRequest;
  readonly startedMs: number;
  isDone: boolean;
  /** Null: done, and there is no answer. */
  response: unknown;
  sent: (() => void) | null;
}

/**
 * A client's connection. All requests of a socket read are handled in one go; answers leave in the order of the requests, those of a
 * turn in one write. As in Apache's broker a request waits until its predecessors are answered, except behind those (Produce) whose
 * work is done and whose answer only waits for others. A client that doesn't read its answers isn't read from either.
 */
export class ClientConnection {
  readonly options: ClientConnectionOptions;
  readonly remoteAddress: string;
  lastActiveMs: number;
  private readonly runtime: Runtime;
  private readonly connection: Connection;
  private readonly frames: FrameSplitter;
  private readonly writer = new Writer();
  /** Oldest first. */
  private slots: Slot[] = [];
  private queued: Buffer[] = [];
  private proceeding = false;
  private isPaused = false;
  private isBlocked = false;
  private isClosed = false;
  private isFirstRead = true;
  /** The handler that ran last keeps nothing of its request's bytes. */
  private isReleased = false;
  private closeListeners: (() => void)[] = [];

  constructor(runtime: Runtime, connection: Connection, options: ClientConnectionOptions) {
    this.runtime = runtime;
    this.connection = connection;
    this.options = options;
    this.remoteAddress = connection.remote.host;
    this.lastActiveMs = runtime.clock.monotonicMs();
    this.frames = new FrameSplitter(options.maxRequestBytes, options.spares);
    connection.start({
      data: (bytes) => this.received(bytes, false),
      lent: (bytes) => this.received(bytes, true),
      drained: () => {
        this.isBlocked = false;
        this.proceed();
      },
      closed: () => this.ended(),
    });
  }

  /** Nothing is in work, and nothing waits to be sent. */
  get isIdle(): boolean {
    return this.slots.length === 0 && this.queued.length === 0 && !this.isBlocked;
  }

  destroy(): void {
    this.connection.destroy();
    this.ended();
  }

  private received(bytes: Buffer, isLent: boolean): void {
    if (this.isClosed) return;
    this.lastActiveMs = this.runtime.clock.monotonicMs();
    this.options.metrics.bytesIn += bytes.length;
    if (this.isFirstRead) {
      this.isFirstRead = false;
      const foreign = foreignProtocol(bytes);
      if (foreign !== null) {
        this.refuse(
          `${foreign} on listener ${this.options.listener}, which speaks Kafka's protocol without TLS`,
        );
        return;
      }
    }
    try {
      if (isLent) this.frames.pushLent(bytes, this.take);
      else this.frames.push(bytes, this.take);
    } catch (error) {
      this.refuse(error instanceof Error ? error.message : String(error), error);
    }
  }

  private readonly take = (frame: Buffer): void => {
    if (this.isClosed) return;
    this.isReleased = false;
    if (this.queued.length > 0 || !this.handle(frame)) {
      this.queued.push(frame);
      this.updateReading();
    } else if (this.isReleased) this.frames.release(frame);
  };

  /** @returns false when it must wait for its predecessors. Throws a WireError. */
  private handle(frame: Buffer): boolean {
    if (this.isBlocked || this.slots.length >= MAX_IN_WORK) return false;
    // one that isn't pipelined is always alone
    if (this.slots[0]?.request.served.pipelined === false) return false;
    const request = this.options.router.read(frame);
    if (this.slots.length > 0 && !request.served.pipelined) return false;
    const slot: Slot = {
      request,
      startedMs: this.runtime.clock.monotonicMs(),
      isDone: false,
      response: null,
      sent: null,
    };
    this.slots.push(slot);
    let response: unknown;
    try {
      response = this.options.router.handle(request, this.context(slot));
    } catch (error) {
      this.failed(slot, error);
      return true;
    }
    if (response instanceof Later)
      response.listen({
        done: (value) => this.done(slot, value),
        failed: (error) => this.failed(slot, error),
      });
    else if (response instanceof Promise)
      response.then(
        (value) => this.done(slot, value),
        (error: unknown) => this.failed(slot, error),
      );
    else this.done(slot, response);
    return true;
  }

  private context(slot: Slot): RequestContext {
    const { request } = slot;
    return {
      apiVersion: request.version,
      clientId: request.clientId,
      clientAddress: this.remoteAddress,
      listener: this.options.listener,
      principal: 'User:ANONYMOUS',
      connectionId: this.options.id,
      release: () => {
        this.isReleased = true;
      },
      onSent: (run) => {
        slot.sent = run;
      },
      onClosed: (run) => {
        if (this.isClosed) run();
        else this.closeListeners.push(run);
      },
    };
  }

  private failed(slot: Slot, error: unknown): void {
    if (this.isClosed) return;
    this.options.metrics.of(slot.request.served.api.name).failures += 1;
    const response = this.options.router.failed(slot.request, error);
    if (response === undefined)
      this.refuse(`${slot.request.served.api.name} can't be answered: ${String(error)}`);
    else this.done(slot, response);
  }

  private done(slot: Slot, response: unknown): void {
    if (this.isClosed) return;
    slot.isDone = true;
    slot.response = response;
    if (this.slots[0] !== slot) return;
    while (this.slots[0]?.isDone === true) this.answer(this.slots.shift()!);
    if (this.slots.length === 0) this.closeListeners = [];
    this.lastActiveMs = this.runtime.clock.monotonicMs();
    if (this.isBlocked) this.updateReading();
    else if (this.queued.length > 0 && !this.proceeding) this.proceed();
  }

  private answer({ request, response, startedMs, sent }: Slot): void {
    const counts = this.options.metrics.of(request.served.api.name);
    counts.requests += 1;
    counts.requestBytes += request.sizeBytes;
    const tookMs = this.runtime.clock.monotonicMs() - startedMs;
    counts.totalMs += tookMs;
    if (tookMs > counts.maxMs) counts.maxMs = tookMs;
    if (response === null) return;
    for (const part of this.encode(request, response)) {
      counts.responseBytes += part.length;
      this.options.metrics.bytesOut += part.length;
      // the network gathers what is written in a turn; large parts, which hold records, aren't copied
      if (!this.connection.write(part)) this.isBlocked = true;
    }
    if (sent !== null) this.connection.onSent?.(sent);
  }

  private encode(request: ReadRequest, response: unknown): Buffer[] {
    const { served, responseVersion, correlationId } = request;
    try {
      return encodeResponse(served.api, responseVersion, correlationId, response as never, this.writer);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.runtime.log.error(`the answer to ${served.api.name} could not be written: ${reason}`, {
        api: served.api.name,
      });
      this.destroy();
      return [];
    }
  }

  /** Handles what had to wait, as far as that is possible now. */
  private proceed(): void {
    let handled = 0;
    this.proceeding = true;
    try {
      while (handled < this.queued.length && !this.isClosed && this.handle(this.queued[handled]!))
        handled += 1;
    } catch (error) {
      this.refuse(error instanceof Error ? error.message : String(error), error);
      return;
    } finally {
      this.proceeding = false;
    }
    if (handled > 0) this.queued.splice(0, handled);
    this.updateReading();
  }

  private updateReading(): void {
    const shouldPause = this.isBlocked || this.queued.length >= MAX_QUEUED;
    if (shouldPause === this.isPaused || this.isClosed) return;
    this.isPaused = shouldPause;
    if (shouldPause) this.connection.pause();
    else this.connection.resume();
  }

  private refuse(reason: string, error?: unknown): void {
    const fields = { listener: this.options.listener, client: this.remoteAddress };
    if (error !== undefined && !(error instanceof WireError))
      this.runtime.log.error(`${this.remoteAddress}: ${reason}`, fields);
    else this.runtime.log.warn(`closed the connection of ${this.remoteAddress}: ${reason}`, fields);
    this.destroy();
  }

  private ended(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.slots = [];
    this.queued = [];
    const listeners = this.closeListeners;
    this.closeListeners = [];
    for (const run of listeners) run();
    this.options.onClosed(this);
  }
}
