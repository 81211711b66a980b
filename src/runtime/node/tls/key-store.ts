import { X509Certificate, createPrivateKey, type KeyObject } from 'node:crypto';
import { TlsError, type KeyStore } from '../../tls.ts';
import { JKS_MAGIC, readJks } from './jks.ts';
import { readPkcs12 } from './pkcs12.ts';

const PEM_BLOCK = /-----BEGIN ([A-Z0-9 ]+)-----[^-]*-----END \1-----/g;

/** Throws a TlsError. */
export function openKeyStore(bytes: Buffer, password: string): KeyStore {
  if (bytes.length >= 4 && bytes.readUInt32BE(0) === JKS_MAGIC) return ofJks(bytes, password);
  if (bytes.includes('-----BEGIN ')) return ofPem(bytes.toString('latin1'), password);
  if (bytes[0] === 0x30) return ofPkcs12(bytes, password);
  throw new TlsError(
    'it is neither PEM nor PKCS #12 nor JKS; write it anew with: keytool -importkeystore -srckeystore OLD -destkeystore NEW.p12 -deststoretype PKCS12',
  );
}

function ofPem(text: string, password: string): KeyStore {
  let key: KeyObject | null = null;
  const certificates: X509Certificate[] = [];
  for (const [block, label = ''] of text.matchAll(PEM_BLOCK)) {
    if (label.endsWith('PRIVATE KEY'))
      key ??= readKey({ key: block, ...(password !== '' && { passphrase: password }) });
    else if (label === 'CERTIFICATE' || label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE')
      certificates.push(readCertificate(block));
  }
  return store(key, certificates, certificates);
}

function ofPkcs12(bytes: Buffer, password: string): KeyStore {
  const { keys, certificates } = readPkcs12(bytes, password);
  const [first] = keys;
  const key =
    first === undefined
      ? null
      : readKey({
          key: first.der,
          format: 'der',
          type: 'pkcs8',
          ...(first.encrypted && { passphrase: password }),
        });
  const all = certificates.map(({ der }) => readCertificate(der));
  // Stores that Java didn't write have no marks.
  const marked = all.filter((_, i) => certificates[i]!.isTrusted);
  return store(key, all, marked.length > 0 ? marked : key === null ? all : own(key, all));
}

function ofJks(bytes: Buffer, password: string): KeyStore {
  const { entries } = readJks(bytes, password);
  const holder = entries.find((entry) => entry.key !== null);
  const key = holder === undefined ? null : readKey({ key: holder.key!, format: 'der', type: 'pkcs8' });
  const firsts = entries.flatMap((entry) => entry.chain.slice(0, 1));
  return store(key, (holder?.chain ?? []).map(readCertificate), firsts.map(readCertificate));
}

function store(
  key: KeyObject | null,
  certificates: readonly X509Certificate[],
  trusted: readonly X509Certificate[],
): KeyStore {
  return {
    key: key === null ? null : key.export({ format: 'pem', type: 'pkcs8' }).toString(),
    chain: key === null ? [] : chainOf(key, certificates).map(String),
    trusted: trusted.map(String),
  };
}

/** The key's certificate, then who issued it, as far as they are there. */
function chainOf(key: KeyObject, certificates: readonly X509Certificate[]): X509Certificate[] {
  const chain = own(key, certificates);
  for (let last = chain[0]; last !== undefined; last = chain.at(-1)) {
    const child: X509Certificate = last;
    const issuer = certificates.find((each) => !chain.includes(each) && child.checkIssued(each));
    if (issuer === undefined) break;
    chain.push(issuer);
  }
  return chain;
}

function own(key: KeyObject, certificates: readonly X509Certificate[]): X509Certificate[] {
  const found = certificates.find((each) => each.checkPrivateKey(key));
  if (found === undefined) throw new TlsError('it has a key, but no certificate for it');
  return [found];
}

function readKey(of: Parameters<typeof createPrivateKey>[0]): KeyObject {
  try {
    return createPrivateKey(of);
  } catch (error) {
    throw new TlsError(
      "its key can't be read: the password is wrong or missing, or its kind isn't supported",
      error,
    );
  }
}

function readCertificate(of: Buffer | string): X509Certificate {
  try {
    return new X509Certificate(of);
  } catch (error) {
    throw new TlsError("one of its certificates can't be read", error);
  }
}
