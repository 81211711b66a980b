import { GssError } from '../../gssapi.ts';
import type { GssBuffer, GssLibrary, GssOid, Handle, Out } from './library.ts';

/** What a side of an exchange holds in the library's memory; 0n: nothing. */
export interface Held {
  context: Handle;
  /** Only that which is its own. */
  credential: Handle;
}

/** A step's outcome. An empty output: there is nothing to say. */
export interface Stepped {
  readonly output: Buffer;
  readonly isDone: boolean;
}

export type Name = Handle;

const KERBEROS: GssOid = oid('2a864886f712010202');
const PRINCIPAL_NAME: GssOid = oid('2a864886f71201020201');
const INITIATE = 1;
const ACCEPT = 2;
/** The server proves itself, too; messages carry proof of where they come from. */
const FLAGS = 2 | 32;
const FOREVER = 0xffffffff;
const CONTINUE_NEEDED = 1;
const ERRORS = 0xffff0000;

/** The functions of the GSS-API, with what is always the same, and with errors as exceptions. */
export class Gss {
  private readonly library: GssLibrary;
  private readonly forgotten = new FinalizationRegistry<Held>((held) => this.free(held));

  constructor(library: GssLibrary) {
    this.library = library;
  }

  defaultRealm(): string {
    return this.library.defaultRealm();
  }

  /** It is never freed: there are as many as principals in the configuration. */
  name(principal: string): Name {
    const minor: Out<number> = [0];
    const name: Out<Handle> = [0n];
    this.check(
      this.library.importName(minor, buffer(Buffer.from(principal)), PRINCIPAL_NAME, name),
      minor,
      `${principal} is no principal`,
    );
    return name[0];
  }

  /** name: null is any. Throws when the file can't be read or has no key of that name. */
  acceptorCredential(name: Name | null, keytab: string): Handle {
    const minor: Out<number> = [0];
    const credential: Out<Handle> = [0n];
    const store = storeOf(keytab === '' ? {} : { keytab });
    this.check(
      this.library.acquireCred(minor, name, FOREVER, null, ACCEPT, store, credential, null, null),
      minor,
      'its key could not be had',
    );
    return credential[0];
  }

  /** Gets a ticket for tickets, if need be. */
  async initiatorCredential(name: Name | null, store: Readonly<Record<string, string>>): Promise<Handle> {
    const minor: Out<number> = [0];
    const credential: Out<Handle> = [0n];
    const major = await started((done) =>
      this.library.acquireCred.async(
        minor,
        name,
        FOREVER,
        null,
        INITIATE,
        storeOf(store),
        credential,
        null,
        null,
        done,
      ),
    );
    this.check(major, minor, 'it got no ticket');
    return credential[0];
  }

  /** The first step of who asks: gets a ticket, if need be. */
  async begin(held: Held, target: Name): Promise<Stepped> {
    return this.stepped(held, (minor, context, output) =>
      started((done) =>
        this.library.initContext.async(
          minor,
          held.credential,
          context,
          target,
          KERBEROS,
          FLAGS,
          0,
          null,
          null,
          null,
          output,
          null,
          null,
          done,
        ),
      ),
    );
  }

  /** What follows. */
  init(held: Held, target: Name, token: Buffer): Stepped {
    const input = buffer(token);
    const [minor, context, output] = [[0] as Out<number>, [held.context] as Out<Handle>, nothing()];
    const { credential } = held;
    const major = this.library.initContext(
      minor,
      credential,
      context,
      target,
      KERBEROS,
      FLAGS,
      0,
      null,
      input,
      null,
      output,
      null,
      null,
    );
    return this.outcome(held, major, minor, context, output);
  }

  /** `peer`: who asks, once that is known. */
  accept(held: Held, credential: Handle, token: Buffer): Stepped & { readonly peer: string } {
    const [minor, context, output] = [[0] as Out<number>, [held.context] as Out<Handle>, nothing()];
    const source: Out<Handle> = [0n];
    const major = this.library.acceptContext(
      minor,
      context,
      credential,
      buffer(token),
      null,
      source,
      null,
      output,
      null,
      null,
      null,
    );
    try {
      const stepped = this.outcome(held, major, minor, context, output);
      return { ...stepped, peer: source[0] === 0n ? '' : this.textOf(source[0]) };
    } finally {
      if (source[0] !== 0n) this.library.releaseName([0], source);
    }
  }

  wrap({ context }: Held, message: Buffer): Buffer {
    const [minor, output]: [Out<number>, GssBuffer] = [[0], nothing()];
    this.check(
      this.library.wrap(minor, context, 0, 0, buffer(message), null, output),
      minor,
      'nothing can be said',
    );
    return this.taken(output);
  }

  unwrap({ context }: Held, token: Buffer): Buffer {
    const [minor, output]: [Out<number>, GssBuffer] = [[0], nothing()];
    this.check(
      this.library.unwrap(minor, context, buffer(token), output, null, null),
      minor,
      "it didn't say that",
    );
    return this.taken(output);
  }

  free(held: Held): void {
    const { context, credential } = held;
    held.context = 0n;
    held.credential = 0n;
    if (context !== 0n) this.library.deleteContext([0], [context], null);
    if (credential !== 0n) this.library.releaseCred([0], [credential]);
  }

  /** Frees it when nobody holds `owner` any more. */
  freeAfter(owner: object, held: Held): void {
    this.forgotten.register(owner, held);
  }

  private async stepped(
    held: Held,
    step: (minor: Out<number>, context: Out<Handle>, output: GssBuffer) => Promise<number>,
  ): Promise<Stepped> {
    const [minor, context, output] = [[0] as Out<number>, [held.context] as Out<Handle>, nothing()];
    return this.outcome(held, await step(minor, context, output), minor, context, output);
  }

  private outcome(
    held: Held,
    major: number,
    minor: Out<number>,
    context: Out<Handle>,
    output: GssBuffer,
  ): Stepped {
    held.context = context[0] ?? 0n;
    const bytes = this.taken(output);
    this.check(major, minor, 'it could not prove who it is');
    return { output: bytes, isDone: (major & CONTINUE_NEEDED) === 0 };
  }

  private textOf(name: Name): string {
    const [minor, output]: [Out<number>, GssBuffer] = [[0], nothing()];
    this.check(this.library.displayName(minor, name, output, null), minor, 'it has no name');
    return this.taken(output).toString();
  }

  private taken(output: GssBuffer): Buffer {
    const { length, value } = output;
    if (typeof value !== 'bigint' || value === 0n) return Buffer.alloc(0);
    const bytes = this.library.bytesAt(value, Number(length));
    this.library.releaseBuffer([0], output);
    return bytes;
  }

  private check(major: number, minor: Out<number>, what: string): void {
    if ((major & ERRORS) === 0) return;
    // The kind of the failure says little where the mechanism says what failed.
    const detail = this.status(minor[0], 2);
    const general = this.status(major, 1);
    const isKnown = detail !== '' && detail !== 'Success';
    const reason = isKnown ? detail : general.startsWith('Unspecified') ? 'it makes no sense' : general;
    throw new GssError(`${what}: ${explained(reason)}`);
  }

  private status(code: number, kind: number): string {
    if (code === 0) return '';
    const output = nothing();
    const failed = this.library.displayStatus([0], code, kind, KERBEROS, [0], output) !== 0;
    return failed ? '' : this.taken(output).toString();
  }
}

/** Says what to do where the library only says what is wrong. */
function explained(reason: string): string {
  const hints: [RegExp, string][] = [
    [/^Clock skew too great/, 'set the clocks of both machines'],
    [
      /keytab is likely out of date|Cannot decrypt ticket|Decrypt integrity check failed|Preauthentication failed/,
      'the KDC has another key for it now; write the keytab anew',
    ],
    [/not found in Kerberos database/, 'the KDC must know that principal'],
    [/Cannot (find|contact|resolve)/, 'see the realms of krb5.conf'],
  ];
  const hint = hints.find(([pattern]) => pattern.test(reason));
  return hint === undefined ? reason : `${reason}; ${hint[1]}`;
}

function started(start: (done: (error: Error | null, major: number) => void) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    start((error, major) => {
      if (error === null) resolve(major);
      else reject(error);
    });
  });
}

function storeOf(values: Readonly<Record<string, string>>): {
  count: number;
  elements: { key: string; value: string }[];
} {
  const elements = Object.entries(values).map(([key, value]) => ({ key, value }));
  return { count: elements.length, elements };
}

function oid(hex: string): GssOid {
  const elements = Buffer.from(hex, 'hex');
  return { length: elements.length, elements };
}

function buffer(bytes: Buffer): GssBuffer {
  return { length: bytes.length, value: bytes };
}

function nothing(): GssBuffer {
  return { length: 0, value: null };
}
