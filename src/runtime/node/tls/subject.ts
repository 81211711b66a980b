import { OID, SEQUENCE, SET, inside, readDer, readOid, type Der } from './der.ts';

const names: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'STREET',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.25': 'DC',
  '0.9.2342.19200300.100.1.1': 'UID',
};

/** The subject of a certificate in DER, as RFC 2253 writes it: the last part first, and as X500Principal.getName has it. */
export function subjectOf(certificate: Buffer): string {
  const fields = inside(inside(readDer(certificate), SEQUENCE)[0], SEQUENCE);
  // version [0], serial number, signature, issuer, validity, subject
  const subject = fields[fields[0]?.tag === 0xa0 ? 5 : 4];
  return inside(subject, SEQUENCE)
    .reverse()
    .map((set) => inside(set, SET).map(attribute).join('+'))
    .join(',');
}

function attribute(pair: Der): string {
  const [type, value] = inside(pair, SEQUENCE);
  const oid = readOid(type?.tag === OID ? type : undefined);
  const name = names[oid];
  const text = name === undefined ? null : textOf(value!);
  return text === null ? `${name ?? oid}=#${value!.whole.toString('hex')}` : `${name}=${escaped(text)}`;
}

/** Null: not a string. */
function textOf({ tag, body }: Der): string | null {
  switch (tag) {
    case 0x0c: // UTF8String
      return body.toString('utf8');
    case 0x12: // NumericString, PrintableString, T61String, IA5String
    case 0x13:
    case 0x14:
    case 0x16:
      return body.toString('latin1');
    case 0x1e: // BMPString
      return Buffer.from(body.subarray(0, body.length & ~1))
        .swap16()
        .toString('utf16le');
    default:
      return null;
  }
}

/** Java escapes more than RFC 2253 asks for: = and # wherever they stand. */
function escaped(text: string): string {
  return text.replace(/[,=+<>#;"\\]/g, '\\$&').replace(/^ +| +$/g, (spaces) => spaces.replaceAll(' ', '\\ '));
}
