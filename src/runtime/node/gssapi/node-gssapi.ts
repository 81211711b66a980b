import { randomUUID } from 'node:crypto';
import {
  GssError,
  type GssAcceptor,
  type GssContext,
  type GssInitiator,
  type Gssapi,
  type Kerberos,
  type Keytab,
  type TicketCache,
} from '../../gssapi.ts';
import { Gss, type Held, type Name, type Stepped } from './gss.ts';
import { loadGssLibrary, type Handle } from './library.ts';

/** Who asks waits for one who asked before. */
const MOST_WAITING = 32;

/** The library has one configuration for the process: so it is the process's, and not a runtime's. */
let opened: { readonly kerberos: Kerberos; readonly krb5Conf: string } | null = null;

/** MIT's library, by way of the package koffi. */
export const nodeGssapi: Gssapi = {
  open(krb5Conf) {
    if (opened === null) {
      // It can't be told otherwise. This is done before it is called for the first time, and never again.
      if (krb5Conf !== '') process.env['KRB5_CONFIG'] = krb5Conf;
      opened = { kerberos: new NodeKerberos(new Gss(loadGssLibrary())), krb5Conf };
    } else if (krb5Conf !== '' && krb5Conf !== opened.krb5Conf)
      throw new GssError(
        `this process has its Kerberos from ${opened.krb5Conf || "the system's krb5.conf"} already, and can't have another from ${krb5Conf}: give all servers the same, or run them as processes of their own`,
      );
    return opened.kerberos;
  },
};

class NodeKerberos implements Kerberos {
  readonly defaultRealm: string;
  private readonly gss: Gss;

  constructor(gss: Gss) {
    this.gss = gss;
    this.defaultRealm = gss.defaultRealm();
  }

  acceptor({ principal, file }: Keytab): GssAcceptor {
    const { gss } = this;
    const name = principal === '*' ? null : gss.name(principal);
    const credential = gss.acceptorCredential(name, file);
    return { begin: () => new AcceptorContext(gss, credential) };
  }

  initiator(own: Keytab | TicketCache): GssInitiator {
    const { gss } = this;
    const name = own.principal === '' ? null : gss.name(own.principal);
    // Otherwise a keytab without it is told as a lack of tickets.
    if (own.kind === 'keytab') gss.free({ context: 0n, credential: gss.acceptorCredential(name, own.file) });
    return new NodeInitiator(gss, name, own);
  }
}

class NodeInitiator implements GssInitiator {
  private readonly gss: Gss;
  private readonly name: Name | null;
  private readonly own: Keytab | TicketCache;
  private readonly services = new Map<string, Name>();
  /** The tickets lie in the memory of the process. */
  private cache = `MEMORY:${randomUUID()}`;
  /** The KDC may be slow: it holds one thread of the few that there are, and those for files go on. */
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;

  constructor(gss: Gss, name: Name | null, own: Keytab | TicketCache) {
    this.gss = gss;
    this.name = name;
    this.own = own;
  }

  begin(service: string): Promise<{ context: GssContext; token: Buffer }> {
    if (this.waiting >= MOST_WAITING)
      return Promise.reject(new GssError("the KDC doesn't answer, and too much waits for it already"));
    this.waiting += 1;
    const begun = this.last.then(() => this.ask(service));
    const less = (): void => void (this.waiting -= 1);
    this.last = begun.then(less, less);
    return begun;
  }

  forget(): void {
    this.cache = `MEMORY:${randomUUID()}`;
  }

  private async ask(service: string): Promise<{ context: GssContext; token: Buffer }> {
    const { gss, own } = this;
    let target = this.services.get(service);
    if (target === undefined) this.services.set(service, (target = gss.name(service)));
    const store: Record<string, string> =
      own.kind === 'keytab'
        ? { ccache: this.cache, ...(own.file !== '' && { client_keytab: own.file }) }
        : own.file === ''
          ? {}
          : { ccache: own.file };
    const credential = await gss.initiatorCredential(this.name, store);
    const context = new InitiatorContext(gss, credential, target);
    return { context, token: await context.begin() };
  }
}

abstract class NodeContext implements GssContext {
  isEstablished = false;
  peer = '';
  protected readonly gss: Gss;
  protected readonly held: Held;

  constructor(gss: Gss, held: Held) {
    this.gss = gss;
    this.held = held;
    gss.freeAfter(this, held);
  }

  abstract step(token: Buffer): Buffer | null;

  wrap(message: Buffer): Buffer {
    return this.gss.wrap(this.held, message);
  }

  unwrap(token: Buffer): Buffer {
    return this.gss.unwrap(this.held, token);
  }

  dispose(): void {
    this.gss.free(this.held);
  }

  protected take({ output, isDone }: Stepped): Buffer | null {
    this.isEstablished = isDone;
    return output.length === 0 ? null : output;
  }
}

class AcceptorContext extends NodeContext {
  private readonly credential: Handle;

  constructor(gss: Gss, credential: Handle) {
    super(gss, { context: 0n, credential: 0n });
    this.credential = credential;
  }

  step(token: Buffer): Buffer | null {
    const accepted = this.gss.accept(this.held, this.credential, token);
    this.peer = accepted.peer;
    return this.take(accepted);
  }
}

class InitiatorContext extends NodeContext {
  private readonly target: Name;

  constructor(gss: Gss, credential: Handle, target: Name) {
    super(gss, { context: 0n, credential });
    this.target = target;
  }

  /** Asks the KDC, unless there is a ticket for the service. */
  async begin(): Promise<Buffer> {
    return this.take(await this.gss.begin(this.held, this.target)) ?? Buffer.alloc(0);
  }

  step(token: Buffer): Buffer | null {
    return this.take(this.gss.init(this.held, this.target, token));
  }
}
