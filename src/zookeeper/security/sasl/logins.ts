import type { Keytab, TicketCache } from '../../../runtime/gssapi.ts';
import { FileError, type Files } from '../../../runtime/runtime.ts';
import { SecurityError } from '../config.ts';
import { readAll } from '../tls-keys.ts';
import { parseJaas, type JaasEntry } from './jaas.ts';

/** Who one is towards a server. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** How a section of a JAAS file lets others in. */
export type ServerLogin =
  | { readonly mechanism: 'DIGEST-MD5'; readonly users: ReadonlyMap<string, string> }
  | { readonly mechanism: 'GSSAPI'; readonly keys: Keytab };

/** Who one is by a section of a JAAS file. */
export type ClientLogin =
  | { readonly mechanism: 'DIGEST-MD5'; readonly credentials: Credentials }
  | { readonly mechanism: 'GSSAPI'; readonly own: Keytab | TicketCache };

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const KERBEROS_MODULE = 'com.sun.security.auth.module.Krb5LoginModule';
const USER_PREFIX = 'user_';

/** The sections of a JAAS file. */
export class Logins {
  private readonly file: string;
  private readonly sections: ReadonlyMap<string, readonly JaasEntry[]>;

  /** Throws a SecurityError. */
  constructor(files: Files, file: string) {
    this.file = file;
    let text: string;
    try {
      text = readAll(files, file).toString('utf8');
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      throw new SecurityError('JAAS_UNREADABLE', `java.security.auth.login.config: ${error.message}`, error);
    }
    this.sections = parseJaas(text, file);
  }

  has(section: string): boolean {
    return this.sections.has(section);
  }

  /** Throws a SecurityError. */
  server(section: string): ServerLogin {
    const entries = this.entries(section);
    if (entries[0]?.module === KERBEROS_MODULE) {
      const { options } = entries[0];
      if (options.get('useKeyTab') !== 'true' || !options.has('principal'))
        throw this.wrong(section, 'a key: write useKeyTab=true keyTab="…" principal="name/host@REALM" in it');
      return { mechanism: 'GSSAPI', keys: keytabOf(options) };
    }
    const users = new Map<string, string>();
    for (const { options } of entries)
      for (const [option, value] of options)
        if (option.startsWith(USER_PREFIX)) users.set(option.slice(USER_PREFIX.length), value);
    return { mechanism: 'DIGEST-MD5', users };
  }

  /** Throws a SecurityError. */
  client(section: string): ClientLogin {
    const [first] = this.entries(section);
    const options = first?.options ?? new Map<string, string>();
    if (first?.module === KERBEROS_MODULE) {
      if (options.get('useTicketCache') === 'true') {
        const file = withoutKind(options.get('ticketCache'));
        return {
          mechanism: 'GSSAPI',
          own: { kind: 'ticket cache', principal: options.get('principal') ?? '', file },
        };
      }
      if (options.get('useKeyTab') !== 'true' || !options.has('principal'))
        throw this.wrong(
          section,
          'a key: write useKeyTab=true keyTab="…" principal="name@REALM", or useTicketCache=true, in it',
        );
      return { mechanism: 'GSSAPI', own: keytabOf(options) };
    }
    const user = options.get('username');
    const password = options.get('password');
    if (user === undefined || password === undefined)
      throw this.wrong(section, 'a user: write username="…" password="…" in it');
    return { mechanism: 'DIGEST-MD5', credentials: { user, password } };
  }

  private entries(section: string): readonly JaasEntry[] {
    const entries = this.sections.get(section);
    if (entries === undefined)
      throw new SecurityError(
        'JAAS_SECTION_MISSING',
        `${this.file} has no section ${section}; write ${section} { ${DIGEST_MODULE} required …; };`,
      );
    for (const { module } of entries)
      if (module !== DIGEST_MODULE && module !== KERBEROS_MODULE)
        throw new SecurityError(
          'JAAS_MODULE_UNKNOWN',
          `the section ${section} of ${this.file} names ${module}, which isn't there; use ${DIGEST_MODULE} or ${KERBEROS_MODULE}`,
        );
    if (new Set(entries.map(({ module }) => module)).size > 1)
      throw new SecurityError(
        'JAAS_WRONG',
        `the section ${section} of ${this.file} has passwords and Kerberos, and a server takes one of them; leave the other out`,
      );
    return entries;
  }

  private wrong(section: string, lack: string): SecurityError {
    return new SecurityError('JAAS_WRONG', `the section ${section} of ${this.file} lacks ${lack}`);
  }
}

function keytabOf(options: ReadonlyMap<string, string>): Keytab {
  return {
    kind: 'keytab',
    principal: options.get('principal')!,
    file: withoutKind(options.get('keyTab')),
  };
}

/** Java takes a path with or without the kind of file before it. */
function withoutKind(path: string | undefined): string {
  return (path ?? '').replace(/^FILE:/, '');
}
