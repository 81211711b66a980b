import { createHash, timingSafeEqual } from 'node:crypto';
import { TlsError } from '../../tls.ts';
import { OCTETS, SEQUENCE, bodyOf, inside, readDer, readOid } from './der.ts';

/** What lies in Java's own key store, the format of JDK 1.2 to 8. */
export interface Jks {
  readonly entries: readonly {
    /** PKCS #8 in DER; null: whom the store vouches for. */
    readonly key: Buffer | null;
    readonly chain: readonly Buffer[];
  }[];
}

export const JKS_MAGIC = 0xfeedfeed;
const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1';
const SHA1_BYTES = 20;

/** Throws a TlsError. Without a password the store isn't checked, as in Java, and keys can't be read. */
export function readJks(bytes: Buffer, password: string): Jks {
  const secret = Buffer.from(password, 'utf16le').swap16();
  const end = bytes.length - SHA1_BYTES;
  if (end < 12) throw damaged();
  if (password !== '') {
    const sum = createHash('sha1')
      .update(secret)
      .update('Mighty Aphrodite')
      .update(bytes.subarray(0, end))
      .digest();
    if (!timingSafeEqual(sum, bytes.subarray(end)))
      throw new TlsError('the password is wrong, or it is damaged');
  }
  let at = 4;
  const take = (count: number): Buffer => {
    if (count < 0 || at + count > end) throw damaged();
    at += count;
    return bytes.subarray(at - count, at);
  };
  const text = (): string => take(take(2).readUInt16BE()).toString('utf8');
  const blob = (): Buffer => take(take(4).readInt32BE());
  const version = take(4).readInt32BE();
  const certificate = (): Buffer => {
    if (version >= 2) text();
    return blob();
  };
  const entries: { key: Buffer | null; chain: Buffer[] }[] = [];
  for (let left = take(4).readInt32BE(); left > 0; left--) {
    const kind = take(4).readInt32BE();
    text();
    take(8);
    if (kind === 2) entries.push({ key: null, chain: [certificate()] });
    else if (kind === 1) {
      const key = openKey(blob(), secret);
      const chain: Buffer[] = [];
      for (let certificates = take(4).readInt32BE(); certificates > 0; certificates--)
        chain.push(certificate());
      entries.push({ key, chain });
    } else throw damaged();
  }
  return { entries };
}

/** Sun's key protector: a stream of SHA-1 sums, each of the password and the sum before. */
function openKey(protectedKey: Buffer, secret: Buffer): Buffer {
  const [algorithm, holder] = inside(readDer(protectedKey), SEQUENCE);
  if (readOid(inside(algorithm, SEQUENCE)[0]) !== KEY_PROTECTOR) throw damaged();
  const body = bodyOf(holder, OCTETS);
  if (body.length < 2 * SHA1_BYTES) throw damaged();
  const key = Buffer.from(body.subarray(SHA1_BYTES, body.length - SHA1_BYTES));
  let sum = body.subarray(0, SHA1_BYTES);
  for (let i = 0; i < key.length; i++) {
    if (i % SHA1_BYTES === 0) sum = createHash('sha1').update(secret).update(sum).digest();
    key[i] = key[i]! ^ sum[i % SHA1_BYTES]!;
  }
  const check = createHash('sha1').update(secret).update(key).digest();
  if (!timingSafeEqual(check, body.subarray(body.length - SHA1_BYTES)))
    throw new TlsError("the password is wrong for its key: the key's own password must be the store's");
  return key;
}

function damaged(): TlsError {
  return new TlsError('it is damaged');
}
