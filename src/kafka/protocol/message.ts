import type { Reader } from '../../wire/reader.ts';
import type { Writer } from '../../wire/writer.ts';
import { WireError } from '../../wire/wire-error.ts';
import { compileDecoder, type Decode } from './compile-decoder.ts';
import { compileEncoder, type Encode } from './compile-encoder.ts';
import type { Draft, Fields, Value } from './schema.ts';

export interface MessageShape<F extends Fields> {
  readonly versions: readonly [min: number, max: number];
  /** The first version with compact lengths and tagged fields (KIP-482). Absent: none has them. */
  readonly flexible?: number;
  readonly fields: F;
}

/** A declared message. The code for a version is made when that version is first used. */
export class Message<F extends Fields = Fields> {
  readonly name: string;
  readonly versions: readonly [min: number, max: number];
  readonly fields: F;
  private readonly flexible: number;
  private readonly decoders: Decode[] = [];
  private readonly encoders: Encode[] = [];

  constructor(name: string, shape: MessageShape<F>) {
    this.name = name;
    this.versions = shape.versions;
    this.fields = shape.fields;
    this.flexible = shape.flexible ?? Number.POSITIVE_INFINITY;
  }

  isFlexible(version: number): boolean {
    return version >= this.flexible;
  }

  has(version: number): boolean {
    return version >= this.versions[0] && version <= this.versions[1];
  }

  /** Throws a WireError for what isn't such a message. Bytes behind it stay unread. */
  decode(reader: Reader, version: number): Value<F> {
    const decode = (this.decoders[version] ??= compileDecoder(this.at(version)));
    return decode(reader) as Value<F>;
  }

  /** Throws a WireError when the version can't say what the draft holds. */
  encode(writer: Writer, version: number, draft: Draft<F>): void {
    const encode = (this.encoders[version] ??= compileEncoder(this.at(version)));
    encode(writer, draft);
  }

  private at(version: number): MessageVersion {
    if (!this.has(version)) throw new WireError(this.name, 0, `there is no version ${version}`);
    return { name: this.name, version, flexible: this.isFlexible(version), fields: this.fields };
  }
}

/** One version of a message: all that a compiler needs. */
export interface MessageVersion {
  readonly name: string;
  readonly version: number;
  readonly flexible: boolean;
  readonly fields: Fields;
}
