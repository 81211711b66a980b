/** A number that Java holds as a double and shows as one: 5 is 5.0. */
export class JavaDouble {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }

  toString(): string {
    return javaDouble(this.value);
  }
}

/** Java's Double.toString: at least one decimal, and an exponent from 10^7 on and below 10^-3. */
export function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) {
    const [digits = '', exponent = ''] = value.toExponential().split('e');
    return `${digits.includes('.') ? digits : `${digits}.0`}E${Number(exponent)}`;
  }
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

/** Java's Date.toString, in UTC. */
export function javaDate(wallMs: number): string {
  const text = new Date(wallMs).toUTCString();
  const [day, date, month, year, time] = text.replace(',', '').split(' ');
  return `${day} ${month} ${date} ${time} UTC ${year}`;
}

/** JSON as Jackson's pretty printer lays it out. 64-bit ids are bigints; a double that isn't a number is text. */
export function jacksonText(value: unknown, indent = ''): string {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof JavaDouble) return Number.isFinite(value.value) ? String(value) : `"${value}"`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value))
    return value.length === 0 ? '[ ]' : `[ ${value.map((item) => jacksonText(item, indent)).join(', ')} ]`;
  const inner = `${indent}  `;
  const members = Object.entries(value).map(
    ([key, member]) => `${inner}${JSON.stringify(key)} : ${jacksonText(member, inner)}`,
  );
  return members.length === 0 ? '{ }' : `{\n${members.join(',\n')}\n${indent}}`;
}
