import { createDecipheriv, createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';
import { TlsError } from '../../tls.ts';
import { OCTETS, SEQUENCE, SET, bodyOf, inside, readDer, readInteger, readOid, type Der } from './der.ts';

/** What lies in a PKCS #12 store (RFC 7292). */
export interface Pkcs12 {
  /** PKCS #8 in DER; `encrypted` with the store's password. */
  readonly keys: readonly { der: Buffer; encrypted: boolean }[];
  readonly certificates: readonly { der: Buffer; isTrusted: boolean }[];
}

const oid = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  key: '1.2.840.113549.1.12.10.1.1',
  shroudedKey: '1.2.840.113549.1.12.10.1.2',
  certificate: '1.2.840.113549.1.12.10.1.3',
  pbes2: '1.2.840.113549.1.5.13',
  pbeSha3Des: '1.2.840.113549.1.12.1.3',
  /** Java marks with it whom a store vouches for. */
  trusted: '2.16.840.1.113894.746875.1.1',
};
const hashes: Readonly<Record<string, string>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
const prfs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};
const ciphers: Readonly<Record<string, { name: string; keyBytes: number }>> = {
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32 },
};
/** A store that asks for more wants to keep us busy. */
const MOST_ITERATIONS = 10_000_000;

/** Throws a TlsError. */
export function readPkcs12(bytes: Buffer, password: string): Pkcs12 {
  const [, authSafe, mac] = inside(readDer(bytes), SEQUENCE);
  const safe = contentOf(authSafe);
  if (safe.type !== oid.data) throw unknown('content');
  const contents = bodyOf(readDer(safe.content), OCTETS);
  if (mac !== undefined) checkMac(mac, contents, password);
  const keys: { der: Buffer; encrypted: boolean }[] = [];
  const certificates: { der: Buffer; isTrusted: boolean }[] = [];
  for (const each of inside(readDer(contents), SEQUENCE)) {
    const { type, content } = contentOf(each);
    const bags =
      type === oid.data
        ? bodyOf(readDer(content), OCTETS)
        : type === oid.encryptedData
          ? opened(content, password)
          : null;
    if (bags === null) throw unknown('content');
    for (const bag of inside(readDer(bags), SEQUENCE)) {
      const [kind, holder, attributes] = inside(bag, SEQUENCE);
      const value = readDer(bodyOf(holder, 0xa0));
      switch (readOid(kind)) {
        case oid.key:
          keys.push({ der: value.whole, encrypted: false });
          break;
        case oid.shroudedKey:
          keys.push({ der: value.whole, encrypted: true });
          break;
        case oid.certificate: {
          const [, certificate] = inside(value, SEQUENCE);
          const marks = attributes === undefined ? [] : inside(attributes, SET);
          certificates.push({
            der: bodyOf(readDer(bodyOf(certificate, 0xa0)), OCTETS),
            isTrusted: marks.some((mark) => readOid(inside(mark, SEQUENCE)[0]) === oid.trusted),
          });
          break;
        }
      }
    }
  }
  return { keys, certificates };
}

function contentOf(info: Der | undefined): { type: string; content: Buffer } {
  const [type, content] = inside(info, SEQUENCE);
  return { type: readOid(type), content: bodyOf(content, 0xa0) };
}

function checkMac(mac: Der, contents: Buffer, password: string): void {
  const [info, salt, count] = inside(mac, SEQUENCE);
  const [algorithm, digest] = inside(info, SEQUENCE);
  const hash = hashes[readOid(inside(algorithm, SEQUENCE)[0])];
  if (hash === undefined) throw unknown('checksum');
  const wanted = bodyOf(digest, OCTETS);
  const iterations = count === undefined ? 1 : iterationsOf(count);
  const key = deriveKey(hash, 3, password, bodyOf(salt, OCTETS), iterations, wanted.length);
  const sum = createHmac(hash, key).update(contents).digest();
  if (sum.length !== wanted.length || !timingSafeEqual(sum, wanted))
    throw new TlsError('the password is wrong, or it is damaged');
}

/** The content of EncryptedData. */
function opened(content: Buffer, password: string): Buffer {
  const [, info] = inside(readDer(content), SEQUENCE);
  const [, algorithm, encrypted] = inside(info, SEQUENCE);
  const [name, parameters] = inside(algorithm, SEQUENCE);
  const bytes = bodyOf(encrypted, 0x80);
  const scheme = readOid(name);
  if (scheme === oid.pbes2) return openPbes2(parameters, bytes, password);
  if (scheme !== oid.pbeSha3Des) throw unknown('encryption');
  const [salt, count] = inside(parameters, SEQUENCE);
  const iterations = iterationsOf(count);
  const key = deriveKey('sha1', 1, password, bodyOf(salt, OCTETS), iterations, 24);
  const iv = deriveKey('sha1', 2, password, bodyOf(salt, OCTETS), iterations, 8);
  return decipher('des-ede3-cbc', key, iv, bytes);
}

function openPbes2(parameters: Der | undefined, bytes: Buffer, password: string): Buffer {
  const [derivation, encryption] = inside(parameters, SEQUENCE);
  const [salt, count, ...rest] = inside(inside(derivation, SEQUENCE)[1], SEQUENCE);
  const prfAt = rest.find((each) => each.tag === SEQUENCE);
  const prf = prfAt === undefined ? 'sha1' : prfs[readOid(inside(prfAt, SEQUENCE)[0])];
  const [name, iv] = inside(encryption, SEQUENCE);
  const cipher = ciphers[readOid(name)];
  if (prf === undefined || cipher === undefined) throw unknown('encryption');
  const key = pbkdf2Sync(
    Buffer.from(password, 'utf8'),
    bodyOf(salt, OCTETS),
    iterationsOf(count),
    cipher.keyBytes,
    prf,
  );
  return decipher(cipher.name, key, bodyOf(iv, OCTETS), bytes);
}

function decipher(name: string, key: Buffer, iv: Buffer, bytes: Buffer): Buffer {
  try {
    const opening = createDecipheriv(name, key, iv);
    return Buffer.concat([opening.update(bytes), opening.final()]);
  } catch (error) {
    throw new TlsError('the password is wrong, or it is damaged', error);
  }
}

function iterationsOf(count: Der | undefined): number {
  const iterations = readInteger(count);
  if (iterations < 1 || iterations > MOST_ITERATIONS) throw unknown('number of iterations');
  return iterations;
}

/** RFC 7292, appendix B. `purpose`: 1 a key, 2 an initial vector, 3 a checksum's key. */
function deriveKey(
  hash: string,
  purpose: number,
  password: string,
  salt: Buffer,
  iterations: number,
  bytes: number,
): Buffer {
  const block = hash === 'sha1' || hash === 'sha256' ? 64 : 128;
  const secret = Buffer.from(`${password}\0`, 'utf16le').swap16();
  const repeat = (of: Buffer): Buffer => {
    const whole = Buffer.alloc(Math.ceil(of.length / block) * block);
    for (let i = 0; i < whole.length; i++) whole[i] = of[i % of.length]!;
    return whole;
  };
  const input = Buffer.concat([repeat(salt), repeat(secret)]);
  const parts: Buffer[] = [];
  for (let have = 0; have < bytes; have += parts.at(-1)!.length) {
    let sum = createHash(hash).update(Buffer.alloc(block, purpose)).update(input).digest();
    for (let i = 1; i < iterations; i++) sum = createHash(hash).update(sum).digest();
    parts.push(sum);
    for (let at = 0; at < input.length; at += block) {
      let carry = 1;
      for (let i = block - 1; i >= 0; i--) {
        carry += input[at + i]! + sum[i % sum.length]!;
        input[at + i] = carry & 0xff;
        carry >>= 8;
      }
    }
  }
  return Buffer.concat(parts).subarray(0, bytes);
}

function unknown(what: string): TlsError {
  return new TlsError(
    `its ${what} is of a kind that isn't supported; write it anew with: keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 -deststoretype PKCS12`,
  );
}
