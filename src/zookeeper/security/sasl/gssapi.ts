import { GssError, type GssContext } from '../../../runtime/gssapi.ts';
import { SaslError, type SaslClient, type SaslServer } from './mechanism.ts';

const NOTHING = Buffer.alloc(0);
/** A token proves who speaks; what is said afterwards is neither signed nor encrypted. */
const NO_LAYER = 1;
/** That layer, and the longest message with another one. */
const OFFER = Buffer.from([NO_LAYER, 0, 0, 0]);

/** What a client may do with the name it proved. @returns what it is called here. Throws a SaslError. */
export type Authorize = (principal: string, wanted: string) => string;

/** GSSAPI (RFC 4752) as Java's Sasl does it with the quality "auth": a context of Kerberos, then one message of each side about layers. */
export class GssapiServer implements SaslServer {
  private readonly context: GssContext;
  private readonly authorize: Authorize;
  private phase: 'context' | 'offer' | 'choice' | 'over' = 'context';
  private proven: string | null = null;

  constructor(context: GssContext, authorize: Authorize) {
    this.context = context;
    this.authorize = authorize;
  }

  get user(): string | null {
    return this.proven;
  }

  answer(token: Buffer): Buffer | null {
    const { phase } = this;
    this.phase = 'over';
    try {
      const answer = this.follow(phase, token);
      if (this.proven !== null) this.dispose();
      return answer;
    } catch (error) {
      this.dispose();
      throw asSaslError(error);
    }
  }

  dispose(): void {
    this.phase = 'over';
    this.context.dispose();
  }

  private follow(phase: typeof this.phase, token: Buffer): Buffer | null {
    const { context } = this;
    if (phase === 'over') throw new SaslError('it spoke when all was said');
    if (phase === 'choice') {
      this.choose(context.unwrap(token));
      return null;
    }
    if (phase === 'offer') {
      if (token.length > 0) throw new SaslError('it spoke when it had to listen');
      return this.offer();
    }
    const answer = context.step(token);
    this.phase = context.isEstablished ? 'offer' : 'context';
    // Who doesn't ask for proof gets none, and has nothing to answer.
    return context.isEstablished && answer === null ? this.offer() : (answer ?? NOTHING);
  }

  private offer(): Buffer {
    this.phase = 'choice';
    return this.context.wrap(OFFER);
  }

  private choose(choice: Buffer): void {
    if (choice.length < OFFER.length) throw new SaslError('its choice of a layer is cut short');
    if (choice[0] !== NO_LAYER)
      throw new SaslError('it wants integrity or secrecy of SASL, which are not served; use TLS');
    const { peer } = this.context;
    const wanted = choice.toString('utf8', OFFER.length);
    this.proven = this.authorize(peer, wanted === '' ? peer : wanted);
  }
}

export class GssapiClient implements SaslClient {
  readonly first: Buffer;
  private readonly context: GssContext;
  /** Called when it ends without success. */
  private readonly failed: () => void;
  private phase: 'context' | 'offer' | 'complete' | 'over' = 'context';

  /** first: what the context says first. */
  constructor(context: GssContext, first: Buffer, failed: () => void) {
    this.context = context;
    this.first = first;
    this.failed = failed;
  }

  get isComplete(): boolean {
    return this.phase === 'complete';
  }

  answer(token: Buffer): Buffer | null {
    const { phase } = this;
    if (phase === 'complete' && token.length === 0) return null;
    this.phase = 'over';
    try {
      return this.follow(phase, token);
    } catch (error) {
      throw asSaslError(error);
    }
  }

  dispose(): void {
    if (this.phase !== 'complete') this.failed();
    this.context.dispose();
  }

  private follow(phase: typeof this.phase, token: Buffer): Buffer {
    const { context } = this;
    if (phase === 'complete' || phase === 'over') throw new SaslError('it spoke when all was said');
    if (phase === 'offer') {
      const offer = context.unwrap(token);
      if (offer.length !== OFFER.length) throw new SaslError('its offer of layers is cut short');
      if ((offer[0]! & NO_LAYER) === 0)
        throw new SaslError('it insists on integrity or secrecy of SASL, which are not served; use TLS');
      const choice = context.wrap(OFFER);
      this.phase = 'complete';
      context.dispose();
      return choice;
    }
    const answer = context.step(token);
    this.phase = context.isEstablished ? 'offer' : 'context';
    return answer ?? NOTHING;
  }
}

function asSaslError(error: unknown): unknown {
  return error instanceof GssError ? new SaslError(error.message, error) : error;
}
