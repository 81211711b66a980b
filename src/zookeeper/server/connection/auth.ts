import type { Digests } from '../../../runtime/runtime.ts';
import type { PeerCertificate } from '../../../runtime/tls.ts';
import type { SecurityConfig } from '../../security/config.ts';
import type { AuthScheme, AuthSchemes, Id } from '../../tree/acl/acl.ts';

export interface AuthenticationSettings {
  /** `super:` and a digest, or '' */
  readonly superDigest: string;
  readonly digestSchemeEnabled: boolean;
  readonly security: Pick<
    SecurityConfig,
    'digestHash' | 'hasSaslScheme' | 'hasX509Scheme' | 'secureClientPort' | 'x509SuperUser' | 'superUsers'
  >;
}

/** How clients say who they are. */
export class Authentication {
  /** What ACLs mean by the ids of each scheme. */
  readonly schemes: AuthSchemes;
  private readonly digests: Digests;
  private readonly settings: AuthenticationSettings;

  constructor(digests: Digests, settings: AuthenticationSettings) {
    this.digests = digests;
    this.settings = settings;
    const { security } = settings;
    const schemes = new Map<string, AuthScheme>([['ip', ipScheme]]);
    if (settings.digestSchemeEnabled) schemes.set('digest', digestScheme);
    if (security.hasSaslScheme) schemes.set('sasl', saslScheme);
    if (security.hasX509Scheme || security.secureClientPort !== null) schemes.set('x509', x509Scheme);
    this.schemes = schemes;
  }

  /** The ids that these credentials prove; null when they are refused or the scheme is unknown. */
  authenticate(scheme: string, credentials: Buffer, clientAddress: string): Id[] | null {
    if (!this.schemes.has(scheme)) return null;
    if (scheme === 'ip') return [{ scheme: 'ip', id: clientAddress }];
    // Those are proven by a handshake, and not by what one says.
    if (scheme !== 'digest') return null;
    const digest = this.digestOf(credentials.toString('utf8'));
    const ids = [{ scheme: 'digest', id: digest }];
    if (digest === this.settings.superDigest) ids.unshift({ scheme: 'super', id: '' });
    return ids;
  }

  /** Who came with a certificate that is trusted. */
  ofCertificate(certificate: PeerCertificate | null): Id[] {
    if (certificate === null || !this.schemes.has('x509')) return [];
    const { subject } = certificate;
    const own = { scheme: 'x509', id: subject };
    return subject === this.settings.security.x509SuperUser ? [{ scheme: 'super', id: subject }, own] : [own];
  }

  /** Who proved by SASL to be `user`. */
  ofSasl(user: string): Id[] {
    const own = { scheme: 'sasl', id: user };
    return this.settings.security.superUsers.includes(user) ? [own, { scheme: 'super', id: '' }] : [own];
  }

  /** `user:` and the base64 of the hash of `user:password`. Without a colon all of it is the user, as Apache has it. */
  private digestOf(userAndPassword: string): string {
    const { digestHash } = this.settings.security;
    const hash = this.digests.hash(digestHash, Buffer.from(userAndPassword, 'utf8')).toString('base64');
    return `${userAndPassword.split(':', 1)[0]!}:${hash}`;
  }
}

const digestScheme: AuthScheme = {
  authenticates: true,
  isValid: (id) => /^[^:]*:[^:]+:*$/.test(id),
  matches: (own, wanted) => own === wanted,
};

/** A user, or a principal of Kerberos: primary/instance@REALM. */
const saslScheme: AuthScheme = {
  authenticates: true,
  isValid: (id) => !id.includes('@') || /^[^/@]*(\/[^/@]*)?@[^/@]*$/.test(id),
  matches: (own, wanted) => own === 'super' || own === wanted,
};

/** A distinguished name: what X500Principal takes. */
const x509Scheme: AuthScheme = {
  authenticates: true,
  isValid: (id) => id.split(/(?<!\\)[,+;]/).every((part) => X500_PART.test(part)),
  matches: (own, wanted) => own === wanted,
};
const X500_PART =
  /^\s*(CN|C|L|S|ST|O|OU|T|IP|STREET|DC|DNQ|DNQUALIFIER|SURNAME|GIVENNAME|INITIALS|GENERATION|EMAIL|EMAILADDRESS|UID|SERIALNUMBER|(OID\.)?\d+(\.\d+)+)\s*=/i;

/** An address, or address/bits. */
const ipScheme: AuthScheme = {
  authenticates: false,
  isValid: (id) => parseNetwork(id) !== null,
  matches(own, wanted) {
    const network = parseNetwork(wanted);
    const address = addressBytes(own);
    if (network === null || address === null || address.length !== network.bytes.length) return false;
    for (let bit = 0; bit < network.bits; bit++) {
      const mask = 0x80 >> (bit & 7);
      if (((address[bit >> 3]! ^ network.bytes[bit >> 3]!) & mask) !== 0) return false;
    }
    return true;
  },
};

function parseNetwork(text: string): { bytes: Uint8Array; bits: number } | null {
  const [address, bits, extra] = text.split('/');
  const bytes = addressBytes(address ?? '');
  if (bytes === null || extra !== undefined) return null;
  if (bits === undefined) return { bytes, bits: bytes.length * 8 };
  if (!/^\d{1,3}$/.test(bits) || Number(bits) > bytes.length * 8) return null;
  return { bytes, bits: Number(bits) };
}

function addressBytes(text: string): Uint8Array | null {
  return text.includes(':') ? bytesOf6(text) : bytesOf4(text);
}

function bytesOf4(text: string): Uint8Array | null {
  const parts = text.split('.');
  if (parts.length !== 4 || parts.some((part) => !/^\d{1,3}$/.test(part) || Number(part) > 255)) return null;
  return Uint8Array.from(parts, Number);
}

function bytesOf6(text: string): Uint8Array | null {
  const halves = text.replace(/%.*$/, '').split('::');
  if (halves.length > 2) return null;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.some((half) => half.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group)))) return null;
  const [front, back] = [groups[0]!, groups[1] ?? []];
  const zeros = 8 - front.length - back.length;
  if (halves.length === 2 ? zeros < 0 : zeros !== 0) return null;
  const bytes = new Uint8Array(16);
  [...front, ...Array.from({ length: zeros }, () => '0'), ...back].forEach((group, i) => {
    const value = parseInt(group, 16);
    bytes[2 * i] = value >> 8;
    bytes[2 * i + 1] = value & 0xff;
  });
  return bytes;
}
