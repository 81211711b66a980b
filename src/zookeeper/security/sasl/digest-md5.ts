import type { Digests, Random } from '../../../runtime/runtime.ts';
import type { Credentials } from './logins.ts';
import { SaslError, type SaslClient, type SaslServer } from './mechanism.ts';

/**
 * DIGEST-MD5 (RFC 2831) as Java's Sasl does it with the quality "auth": both sides prove that they know the password, and nothing is
 * encrypted. Each side is a machine: a token comes in, a token goes out.
 */
export interface DigestService {
  /** Of the digest-uri: "zookeeper". */
  readonly protocol: string;
  /** Of the digest-uri, and the realm of a server: "zk-sasl-md5". */
  readonly serverName: string;
}

export const clientService: DigestService = { protocol: 'zookeeper', serverName: 'zk-sasl-md5' };
export const quorumService: DigestService = {
  protocol: 'zookeeper-quorum',
  serverName: 'zk-quorum-sasl-md5',
};

const NONCE_BYTES = 30;
/** Some clients say much; nobody says more. */
const MOST_TOKEN_BYTES = 4096;
const FIRST_COUNT = '00000001';

export class DigestServer implements SaslServer {
  private readonly digests: Digests;
  private readonly service: DigestService;
  private readonly users: ReadonlyMap<string, string>;
  private readonly nonce: string;
  private phase: 'new' | 'asked' | 'over' = 'new';
  private proven: string | null = null;

  constructor(digests: Digests, random: Random, service: DigestService, users: ReadonlyMap<string, string>) {
    this.digests = digests;
    this.service = service;
    this.users = users;
    this.nonce = random.bytes(NONCE_BYTES).toString('base64');
  }

  get user(): string | null {
    return this.proven;
  }

  answer(token: Buffer): Buffer {
    const { phase } = this;
    this.phase = 'over';
    if (phase === 'new') {
      if (token.length > 0) throw new SaslError('it spoke before it was asked');
      this.phase = 'asked';
      const { serverName } = this.service;
      return Buffer.from(
        `realm="${serverName}",nonce="${this.nonce}",charset=utf-8,algorithm=md5-sess`,
        'latin1',
      );
    }
    if (phase === 'over') throw new SaslError('it spoke when all was said');
    const { protocol, serverName } = this.service;
    const said = readDirectives(token);
    const uri = said.get('digest-uri') ?? '';
    const user = said.get('username');
    if (user === undefined || said.get('response') === undefined)
      throw new SaslError('its answer lacks a part');
    if (said.get('nonce') !== this.nonce || said.get('nc') !== FIRST_COUNT)
      throw new SaslError('its answer is to another question');
    if ((said.get('qop') ?? 'auth') !== 'auth')
      throw new SaslError('it wants integrity or secrecy of SASL, which are not served; use TLS');
    if (uri.toLowerCase() !== `${protocol}/${serverName}`.toLowerCase())
      throw new SaslError(`its answer is for ${uri}, and this is ${protocol}/${serverName}`);
    const realm = said.get('realm') ?? '';
    if (realm !== '' && realm !== serverName)
      throw new SaslError(`its realm is ${realm}, and that of this server ${serverName}`);
    // An unknown user costs as much time as a wrong password.
    const password = this.users.get(user);
    const proof = new Proof(this.digests, said, user, realm, password ?? '');
    if (!proof.fits(said.get('response')!) || password === undefined)
      throw new SaslError('its user or password is wrong');
    this.proven = user;
    return Buffer.from(`rspauth=${proof.of('')}`, 'latin1');
  }
}

export class DigestClient implements SaslClient {
  readonly first = Buffer.alloc(0);
  private readonly digests: Digests;
  private readonly random: Random;
  private readonly service: DigestService;
  private readonly credentials: Credentials;
  private proof: Proof | null = null;
  private isProven = false;

  constructor(digests: Digests, random: Random, service: DigestService, credentials: Credentials) {
    this.digests = digests;
    this.random = random;
    this.service = service;
    this.credentials = credentials;
  }

  get isComplete(): boolean {
    return this.isProven;
  }

  answer(token: Buffer): Buffer | null {
    const said = readDirectives(token);
    if (this.proof !== null) {
      if (said.get('rspauth') !== this.proof.of(''))
        throw new SaslError("the server doesn't know the password");
      this.isProven = true;
      return null;
    }
    const nonce = said.get('nonce');
    if (nonce === undefined || said.get('algorithm') !== 'md5-sess')
      throw new SaslError("the server's question lacks a part");
    const qop = said.get('qop');
    if (qop !== undefined && !qop.split(/[\s,]+/).includes('auth'))
      throw new SaslError('the server wants integrity or secrecy of SASL, which are not served');
    const { protocol, serverName } = this.service;
    const { user, password } = this.credentials;
    const realm = said.get('realm') ?? '';
    const own = new Map([
      ['nonce', nonce],
      ['cnonce', this.random.bytes(NONCE_BYTES).toString('base64')],
      ['nc', FIRST_COUNT],
      ['digest-uri', `${protocol}/${serverName}`],
    ]);
    if (said.get('charset') === 'utf-8') own.set('charset', 'utf-8');
    this.proof = new Proof(this.digests, own, user, realm, password);
    const parts = [
      ...(own.has('charset') ? ['charset=utf-8'] : []),
      `username="${escaped(user)}"`,
      `realm="${escaped(realm)}"`,
      `nonce="${escaped(nonce)}"`,
      `nc=${FIRST_COUNT}`,
      `cnonce="${own.get('cnonce')!}"`,
      `digest-uri="${protocol}/${serverName}"`,
      'maxbuf=65536',
      `response=${this.proof.of('AUTHENTICATE')}`,
      'qop=auth',
    ];
    return Buffer.from(parts.join(','), own.has('charset') ? 'utf8' : 'latin1');
  }
}

/** What follows from the password and what both sides said. */
class Proof {
  private readonly digests: Digests;
  private readonly said: ReadonlyMap<string, string>;
  private readonly key: string;

  constructor(
    digests: Digests,
    said: ReadonlyMap<string, string>,
    user: string,
    realm: string,
    password: string,
  ) {
    this.digests = digests;
    this.said = said;
    const charset = said.get('charset') === 'utf-8' ? 'utf8' : 'latin1';
    const secret = digests.hash(
      'md5',
      Buffer.concat([user, ':', realm, ':', password].map((part) => encode(part, charset))),
    );
    const authzid = said.get('authzid');
    const rest = `:${said.get('nonce')!}:${said.get('cnonce') ?? ''}${authzid === undefined ? '' : `:${authzid}`}`;
    this.key = this.hex(Buffer.concat([secret, Buffer.from(rest, charset)]));
  }

  /** The client's is of AUTHENTICATE, the server's of nothing. */
  of(method: 'AUTHENTICATE' | ''): string {
    const { said } = this;
    const what = this.hex(Buffer.from(`${method}:${said.get('digest-uri') ?? ''}`, 'latin1'));
    const parts = [this.key, said.get('nonce')!, said.get('nc')!, said.get('cnonce') ?? '', 'auth', what];
    return this.hex(Buffer.from(parts.join(':'), 'latin1'));
  }

  /** Takes as long whatever is said. */
  fits(response: string): boolean {
    const wanted = this.of('AUTHENTICATE');
    let difference = wanted.length ^ response.length;
    for (let i = 0; i < wanted.length; i++) difference |= wanted.charCodeAt(i) ^ response.charCodeAt(i);
    return difference === 0;
  }

  private hex(bytes: Buffer): string {
    return this.digests.hash('md5', bytes).toString('hex');
  }
}

/** What fits into ISO 8859-1 is hashed as such, whatever the charset (RFC 2831, 2.1.2.1). */
function encode(text: string, charset: 'utf8' | 'latin1'): Buffer {
  const isLatin = [...text].every((char) => char.codePointAt(0)! < 256);
  return Buffer.from(text, isLatin ? 'latin1' : charset);
}

function escaped(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

const DIRECTIVE = /[\s,]*([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\[^])*)"|([^\s",]+))/gy;

/** name=value, name="value", … Throws a SaslError. */
function readDirectives(token: Buffer): Map<string, string> {
  if (token.length > MOST_TOKEN_BYTES) throw new SaslError('it says too much');
  // What isn't UTF-8 is ISO 8859-1.
  const utf8 = token.toString('utf8');
  const text = utf8.includes('\ufffd') ? token.toString('latin1') : utf8;
  const said = new Map<string, string>();
  DIRECTIVE.lastIndex = 0;
  let end = 0;
  for (let match = DIRECTIVE.exec(text); match !== null; match = DIRECTIVE.exec(text)) {
    const [, name = '', quoted, plain] = match;
    end = DIRECTIVE.lastIndex;
    // Realms may repeat: the first counts.
    if (!said.has(name)) said.set(name, quoted?.replace(/\\([^])/g, '$1') ?? plain ?? '');
    else if (name !== 'realm') throw new SaslError('a part of what it says is there twice');
  }
  if (!/^[\s,]*$/.test(text.slice(end))) throw new SaslError('what it says makes no sense');
  return said;
}
