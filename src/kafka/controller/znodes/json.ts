/** A znode whose content isn't what its path promises. Never acted upon: the writer has to be found. */
export class ZnodeFormatError extends Error {
  readonly path: string;
  constructor(path: string, what: string, cause?: unknown) {
    super(`${path}: ${what}`, cause === undefined ? undefined : { cause });
    this.name = 'ZnodeFormatError';
    this.path = path;
  }
}

/** A JSON object read from a znode, with typed access to its fields. Unknown fields are ignored, as Apache does. */
export class JsonFields {
  readonly path: string;
  private readonly fields: Readonly<Record<string, unknown>>;

  constructor(path: string, fields: Readonly<Record<string, unknown>>) {
    this.path = path;
    this.fields = fields;
  }

  static parse(path: string, data: Buffer | null): JsonFields {
    let value: unknown;
    try {
      value = JSON.parse(data === null ? '' : data.toString('utf8'));
    } catch (error) {
      throw new ZnodeFormatError(path, 'is not JSON', error);
    }
    return JsonFields.of(path, value);
  }

  static of(path: string, value: unknown): JsonFields {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new ZnodeFormatError(path, 'is not a JSON object');
    }
    return new JsonFields(path, value as Record<string, unknown>);
  }

  has(name: string): boolean {
    return this.fields[name] !== undefined && this.fields[name] !== null;
  }

  integer(name: string): number {
    const value = this.fields[name];
    if (typeof value !== 'number' || !Number.isInteger(value)) throw this.wrong(name, 'an integer');
    return value;
  }

  /** A whole number that Apache writes as text in some places. */
  integerText(name: string): number {
    const value = Number(this.fields[name]);
    if (!Number.isSafeInteger(value)) throw this.wrong(name, 'an integer in quotes');
    return value;
  }

  text(name: string): string {
    const value = this.fields[name];
    if (typeof value !== 'string') throw this.wrong(name, 'a string');
    return value;
  }

  optionalText(name: string): string | null {
    return this.has(name) ? this.text(name) : null;
  }

  integers(name: string): number[] {
    return this.list(name).map((item) => {
      if (typeof item !== 'number' || !Number.isInteger(item)) throw this.wrong(name, 'a list of integers');
      return item;
    });
  }

  texts(name: string): string[] {
    return this.list(name).map((item) => {
      if (typeof item !== 'string') throw this.wrong(name, 'a list of strings');
      return item;
    });
  }

  objects(name: string): JsonFields[] {
    return this.list(name).map((item) => JsonFields.of(`${this.path} ${name}`, item));
  }

  object(name: string): JsonFields {
    return JsonFields.of(`${this.path} ${name}`, this.fields[name]);
  }

  names(): string[] {
    return Object.keys(this.fields);
  }

  private list(name: string): unknown[] {
    const value = this.fields[name];
    if (!Array.isArray(value)) throw this.wrong(name, 'a list');
    return value;
  }

  private wrong(name: string, what: string): ZnodeFormatError {
    return new ZnodeFormatError(this.path, `"${name}" is not ${what}`);
  }
}

export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value), 'utf8');
}
