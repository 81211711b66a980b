import {
  GssError,
  type GssContext,
  type Gssapi,
  type Keytab,
  type TicketCache,
} from '../../src/runtime/gssapi.ts';

/** Kerberos as it looks to those who use it: tokens say in words what real ones prove. `contexts`: those that nobody disposed of. */
export function fakeKerberos(realm = 'EXAMPLE.COM'): { gssapi: Gssapi; contexts: Set<GssContext> } {
  const contexts = new Set<GssContext>();
  const full = (principal: string): string => (principal.includes('@') ? principal : `${principal}@${realm}`);
  class Context implements GssContext {
    isEstablished = false;
    peer = '';
    private readonly own: string;
    private readonly answers: boolean;
    constructor(own: string, answers: boolean) {
      this.own = own;
      this.answers = answers;
      contexts.add(this);
    }
    step(token: Buffer): Buffer | null {
      const said = token.toString();
      if (!this.answers) {
        if (said !== `I am ${this.own}`) throw new GssError('Mutual authentication failed');
        this.isEstablished = true;
        return null;
      }
      const [, peer, service] = /^(\S+) to (\S+)$/.exec(said) ?? [];
      if (service !== this.own) throw new GssError(`the ticket is for ${service}`);
      this.peer = peer!;
      this.isEstablished = true;
      return Buffer.from(`I am ${this.own}`);
    }
    wrap(message: Buffer): Buffer {
      return Buffer.concat([Buffer.from('wrapped '), message]);
    }
    unwrap(token: Buffer): Buffer {
      if (token.toString('latin1', 0, 8) !== 'wrapped ') throw new GssError('A token had an invalid MIC');
      return token.subarray(8);
    }
    dispose(): void {
      contexts.delete(this);
    }
  }
  const needsKey = ({ file, principal }: Keytab | TicketCache): void => {
    if (file.includes('empty')) throw new GssError(`No key table entry found for ${full(principal)}`);
  };
  const gssapi: Gssapi = {
    open: () => ({
      defaultRealm: realm,
      acceptor(keys) {
        needsKey(keys);
        return { begin: () => new Context(full(keys.principal), true) };
      },
      initiator(own) {
        needsKey(own);
        return {
          async begin(service) {
            if (service.includes('unknown')) throw new GssError('Server not found in Kerberos database');
            const context = new Context(full(service), false);
            return { context, token: Buffer.from(`${full(own.principal)} to ${full(service)}`) };
          },
          forget: () => {},
        };
      },
    }),
  };
  return { gssapi, contexts };
}
