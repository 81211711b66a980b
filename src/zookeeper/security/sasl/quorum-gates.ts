import type { Runtime } from '../../../runtime/runtime.ts';
import type { RareWarnings } from '../../../runtime/rare-warnings.ts';
import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { Writer } from '../../../wire/writer.ts';
import type { Gate } from '../gated-connection.ts';
import { SaslError, type SaslClient, type SaslServer } from './mechanism.ts';

/** Begins each packet of the exchange. Chosen by Apache so that no packet of elections or quorums begins so. */
const MAGIC = 0x5f2435013501edccn;
const Status = { inProgress: 0, success: 1, error: -1 } as const;
/** A ticket of Kerberos lists the groups of who has it. */
const MOST_TOKEN_BYTES = 65_536;
/** An exchange that takes longer is broken off. */
const EXCHANGE_MS = 10_000;
const NOTHING = Buffer.alloc(0);

/** What both sides need. */
export interface GateContext {
  readonly runtime: Runtime;
  readonly warnings: RareWarnings;
  /** The other server, for messages. */
  readonly place: string;
  /** Breaks the connection off. */
  cut(): void;
}

/** How long the part of a stream is that goes before the exchange, once all of it is there; null: it isn't. Throws a WireError. */
export type Prelude = (gathered: Buffer) => number | null;

/** The side that dials: it proves who it is before anything else is said, but for the prelude. */
export class LearnerGate implements Gate {
  private readonly context: GateContext;
  private readonly write: (bytes: Buffer) => void;
  private readonly client: SaslClient;
  private isBegun = false;
  /** Of what was read. */
  private doneBytes = 0;
  private readonly timeout: { cancel(): void };
  private waitsForPrelude: boolean;

  constructor(context: GateContext, write: (bytes: Buffer) => void, client: SaslClient, hasPrelude: boolean) {
    const { clock } = context.runtime;
    this.context = context;
    this.write = write;
    this.waitsForPrelude = hasPrelude;
    this.client = client;
    this.timeout = clock.after(EXCHANGE_MS, () => context.cut());
  }

  wrote(): boolean {
    const { waitsForPrelude } = this;
    this.waitsForPrelude = false;
    return waitsForPrelude;
  }

  begin(): void {
    if (this.isBegun || this.waitsForPrelude) return;
    this.isBegun = true;
    this.write(encode(Status.inProgress, this.client.first));
  }

  read(gathered: Buffer): Buffer | null {
    for (
      let packet = decode(gathered, this.doneBytes);
      packet !== null;
      packet = decode(gathered, this.doneBytes)
    ) {
      this.doneBytes = packet.end;
      try {
        if (packet.status === Status.error) throw new SaslError('it refused who this server says it is');
        const answer = this.client.answer(packet.token ?? NOTHING);
        if (packet.status === Status.success && this.client.isComplete) {
          this.gone();
          return gathered.subarray(packet.end);
        }
        if (answer === null) throw new SaslError('it broke the exchange off');
        this.write(encode(Status.inProgress, answer));
      } catch (error) {
        if (!(error instanceof SaslError)) throw error;
        this.context.warnings.warn('sasl', `no SASL with server ${this.context.place}: ${error.message}`);
        this.context.cut();
        return null;
      }
    }
    return null;
  }

  gone(): void {
    this.timeout.cancel();
    this.client.dispose?.();
  }
}

/** The side that is dialed. Who doesn't even try is let in unless `isRequired`. */
export class ServerGate implements Gate {
  private readonly context: GateContext;
  private readonly write: (bytes: Buffer) => void;
  private readonly server: SaslServer;
  private readonly isRequired: boolean;
  private readonly prelude: Prelude | null;
  private readonly timeout: { cancel(): void };
  /** Once the prelude is there. */
  private preludeBytes: number | null;
  private doneBytes = 0;

  constructor(
    context: GateContext,
    write: (bytes: Buffer) => void,
    server: SaslServer,
    isRequired: boolean,
    prelude: Prelude | null,
  ) {
    const { clock } = context.runtime;
    this.context = context;
    this.write = write;
    this.isRequired = isRequired;
    this.prelude = prelude;
    this.preludeBytes = prelude === null ? 0 : null;
    this.server = server;
    this.timeout = clock.after(EXCHANGE_MS, () => context.cut());
  }

  wrote(): boolean {
    return true;
  }

  begin(): void {
    // The other side begins.
  }

  read(gathered: Buffer): Buffer | null {
    if (this.preludeBytes === null) {
      try {
        this.preludeBytes = this.prelude!(gathered);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
        this.context.warnings.warn(
          'nonsense',
          `closed a connection of ${this.context.place}: ${error.message}`,
        );
        this.context.cut();
      }
      if (this.preludeBytes === null) return null;
      this.doneBytes = this.preludeBytes;
    }
    const isStart = this.doneBytes === this.preludeBytes;
    if (
      isStart &&
      gathered.length - this.doneBytes >= 8 &&
      gathered.readBigInt64BE(this.doneBytes) !== MAGIC
    ) {
      if (!this.isRequired) return this.opened(gathered);
      this.refuse('it did not try to authenticate');
      return null;
    }
    try {
      for (
        let packet = decode(gathered, this.doneBytes);
        packet !== null;
        packet = decode(gathered, this.doneBytes)
      ) {
        this.doneBytes = packet.end;
        const answer = this.server.answer(packet.token ?? NOTHING);
        this.write(encode(this.server.user === null ? Status.inProgress : Status.success, answer));
        if (this.server.user !== null) return this.opened(gathered);
      }
      return null;
    } catch (error) {
      if (!(error instanceof SaslError)) throw error;
      this.write(encode(Status.error, NOTHING));
      this.refuse(error.message);
      return this.isRequired ? null : this.opened(gathered);
    }
  }

  gone(): void {
    this.timeout.cancel();
    this.server.dispose?.();
  }

  /** The prelude and what follows the exchange. */
  private opened(gathered: Buffer): Buffer {
    this.gone();
    const before = gathered.subarray(0, this.preludeBytes ?? 0);
    return Buffer.concat([before, gathered.subarray(this.doneBytes)]);
  }

  private refuse(reason: string): void {
    const { warnings, place } = this.context;
    const outcome = this.isRequired
      ? 'was cut off'
      : 'was let in all the same, as quorum.auth.serverRequireSasl is false';
    warnings.warn(
      'sasl',
      `a server from ${place} could not be authenticated by SASL and ${outcome}: ${reason}`,
    );
    if (this.isRequired) this.context.cut();
  }
}

function encode(status: number, token: Buffer | null): Buffer {
  const w = new Writer(16 + (token?.length ?? 0));
  w.int64(MAGIC);
  w.int32(status);
  w.int32(token?.length ?? -1);
  if (token !== null) w.bytes(token);
  return w.finish();
}

/** A packet that is there as a whole. Throws a SaslError. */
function decode(bytes: Buffer, at: number): { status: number; token: Buffer | null; end: number } | null {
  if (bytes.length - at < 16) return null;
  const r = new Reader(bytes, at);
  if (r.int64Big() !== MAGIC) throw new SaslError('what it says is no packet of an authentication');
  const status = r.int32();
  const length = r.int32();
  if (length > MOST_TOKEN_BYTES) throw new SaslError('it says too much');
  if (length < 0) return { status, token: null, end: r.position };
  return r.remaining < length ? null : { status, token: r.bytes(length), end: r.position };
}
