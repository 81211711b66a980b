import { FileError, type Files } from '../../../runtime/runtime.ts';
import { SecurityError, type SecurityConfig } from '../config.ts';
import { readAll } from '../tls-keys.ts';
import { parseJaas, type JaasEntry } from './jaas.ts';

/** Who one is towards a server. */
export interface Credentials {
  readonly user: string;
  readonly password: string;
}

const DIGEST_MODULE = 'org.apache.zookeeper.server.auth.DigestLoginModule';
const KERBEROS_MODULE = /Krb5LoginModule$/;
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

  /** Whom a server knows, with their passwords. Throws a SecurityError. */
  users(section: string): Map<string, string> {
    const users = new Map<string, string>();
    for (const { options } of this.entries(section))
      for (const [option, value] of options)
        if (option.startsWith(USER_PREFIX)) users.set(option.slice(USER_PREFIX.length), value);
    return users;
  }

  /** Who one is in that section. Throws a SecurityError. */
  credentials(section: string): Credentials {
    const [first] = this.entries(section);
    const user = first?.options.get('username');
    const password = first?.options.get('password');
    if (user === undefined || password === undefined)
      throw new SecurityError(
        'JAAS_WRONG',
        `the section ${section} of ${this.file} lacks a user; write username="…" password="…" in it`,
      );
    return { user, password };
  }

  private entries(section: string): readonly JaasEntry[] {
    const entries = this.sections.get(section);
    if (entries === undefined)
      throw new SecurityError(
        'JAAS_SECTION_MISSING',
        `${this.file} has no section ${section}; write ${section} { ${DIGEST_MODULE} required …; };`,
      );
    for (const { module } of entries) {
      if (module === DIGEST_MODULE) continue;
      throw new SecurityError(
        'JAAS_MODULE_UNKNOWN',
        KERBEROS_MODULE.test(module)
          ? `the section ${section} of ${this.file} asks for Kerberos, and GSSAPI isn't served; use ${DIGEST_MODULE}, or certificates`
          : `the section ${section} of ${this.file} names ${module}, which isn't there; use ${DIGEST_MODULE}`,
      );
    }
    return entries;
  }
}

/** Who may come to the client ports by SASL; null: the file has no section for that. Throws a SecurityError. */
export function clientUsers(
  logins: Logins,
  { saslServerContext, saslSuperPassword, requiresSasl, enforcesAuth, enforcedSchemes }: SecurityConfig,
): Map<string, string> | null {
  const isNeeded = requiresSasl || (enforcesAuth && enforcedSchemes.includes('sasl'));
  if (!isNeeded && !logins.has(saslServerContext)) return null;
  const users = logins.users(saslServerContext);
  if (saslSuperPassword !== '' && users.has('super')) users.set('super', saslSuperPassword);
  return users;
}
