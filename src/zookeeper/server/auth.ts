import type { Digests } from '../../runtime/runtime.ts';
import type { AuthScheme, AuthSchemes, Id } from '../tree/acl.ts';

/** How clients say who they are. */
export class Authentication {
  /** What ACLs mean by the ids of each scheme. */
  readonly schemes: AuthSchemes;
  private readonly digests: Digests;
  /** `super:` and a digest, or '' */
  private readonly superDigest: string;

  constructor(digests: Digests, settings: { superDigest: string; digestSchemeEnabled: boolean }) {
    this.digests = digests;
    this.superDigest = settings.superDigest;
    const schemes = new Map<string, AuthScheme>([['ip', ipScheme]]);
    if (settings.digestSchemeEnabled) schemes.set('digest', digestScheme);
    this.schemes = schemes;
  }

  /** The ids that these credentials prove; null when they are refused or the scheme is unknown. */
  authenticate(scheme: string, credentials: Buffer, clientAddress: string): Id[] | null {
    if (!this.schemes.has(scheme)) return null;
    if (scheme === 'ip') return [{ scheme: 'ip', id: clientAddress }];
    const digest = this.digestOf(credentials.toString('utf8'));
    const ids = [{ scheme: 'digest', id: digest }];
    if (digest === this.superDigest) ids.unshift({ scheme: 'super', id: '' });
    return ids;
  }

  /** `user:` and the base64 of SHA-1 of `user:password`. Without a colon all of it is the user, as Apache has it. */
  private digestOf(userAndPassword: string): string {
    const hash = this.digests.hash('sha1', Buffer.from(userAndPassword, 'utf8')).toString('base64');
    return `${userAndPassword.split(':', 1)[0]!}:${hash}`;
  }
}

const digestScheme: AuthScheme = {
  authenticates: true,
  isValid: (id) => /^[^:]*:[^:]+:*$/.test(id),
  matches: (own, wanted) => own === wanted,
};

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
