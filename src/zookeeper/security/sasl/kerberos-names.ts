import { SecurityError } from '../config.ts';
import { SaslError } from './mechanism.ts';

/** A principal: primary/instance@REALM. */
export interface KerberosName {
  readonly primary: string;
  /** Of a service: its host. */
  readonly instance: string | null;
  readonly realm: string | null;
}

/** How principals become the users of ACLs, as `zookeeper.security.auth_to_local` and `kerberos.remove…` say. */
export interface NameRules {
  /** RULE:[parts:format](pattern)s/pattern/replacement/g and DEFAULT, the first that fits. */
  readonly authToLocal: string;
  readonly removesHost: boolean;
  readonly removesRealm: boolean;
}

const PRINCIPAL = /^([^/@\\]*)(?:\/([^/@\\]*))?@([^/@\\]*)$/;
const RULE = /\s*(?:(DEFAULT)|RULE:\[(\d+):([^\]]*)\](?:\(([^)]*)\))?(?:s\/([^/]*)\/([^/]*)\/(g)?)?)/y;

type Rule =
  | { readonly kind: 'default' }
  | {
      readonly kind: 'rule';
      readonly parts: number;
      /** With $0 for the realm, $1 for the primary, $2 for the instance. */
      readonly format: string;
      readonly fits: RegExp | null;
      readonly from: RegExp | null;
      readonly to: string;
    };

/** Names clients by their principals. Throws a SecurityError when the rules make no sense. */
export function namesOf(
  { authToLocal, removesHost, removesRealm }: NameRules,
  defaultRealm: string,
): (principal: string) => string {
  const rules = parseRules(authToLocal);
  return (principal) => {
    const name = parsePrincipal(principal);
    const host = removesHost || name.instance === null ? '' : `/${name.instance}`;
    const realm = removesRealm || name.realm === null ? '' : `@${name.realm}`;
    return `${shortName(rules, name, defaultRealm)}${host}${realm}`;
  };
}

/** Throws a SaslError. */
export function parsePrincipal(principal: string): KerberosName {
  if (!principal.includes('@')) return { primary: principal, instance: null, realm: null };
  const match = PRINCIPAL.exec(principal);
  if (match === null) throw new SaslError(`${principal} is no principal that can be named here`);
  return { primary: match[1]!, instance: match[2] ?? null, realm: match[3]! };
}

function parseRules(text: string): Rule[] {
  const rules: Rule[] = [];
  const all = text.trim();
  for (let at = 0; at < all.length; at = RULE.lastIndex) {
    RULE.lastIndex = at;
    const match = RULE.exec(all);
    if (match === null) throw wrong(all.slice(at).trim());
    const [whole, isDefault, parts, format = '', fits, from, to = '', everywhere] = match;
    if (isDefault !== undefined) rules.push({ kind: 'default' });
    else
      rules.push({
        kind: 'rule',
        parts: Number(parts),
        format,
        fits: fits === undefined ? null : pattern(`^(?:${fits})$`, '', whole),
        from: from === undefined ? null : pattern(from, everywhere ?? '', whole),
        // Java quotes with backslashes; a dollar sign and a digit mean the same in both.
        to: to.replace(/\\(.)/g, (_, char: string) => (char === '$' ? '$$' : char)),
      });
  }
  return rules;
}

function pattern(source: string, flags: string, rule: string): RegExp {
  try {
    return new RegExp(source, flags);
  } catch {
    throw wrong(rule.trim());
  }
}

function wrong(rule: string): SecurityError {
  return new SecurityError(
    'RULE_WRONG',
    `security.auth_to_local: ${rule} is no rule; write RULE:[parts:format](pattern)s/pattern/replacement/g, or DEFAULT`,
  );
}

function shortName(rules: readonly Rule[], name: KerberosName, defaultRealm: string): string {
  const { primary, instance, realm } = name;
  if (realm === null) return primary;
  const params = instance === null ? [realm, primary] : [realm, primary, instance];
  for (const rule of rules) {
    const found = apply(rule, params, defaultRealm);
    if (found === null) continue;
    if (/[/@]/.test(found))
      throw new SaslError(`security.auth_to_local makes ${found} of ${params.join(' ')}, which is no name`);
    return found;
  }
  throw new SaslError(
    `no rule of security.auth_to_local is for ${primary}${instance === null ? '' : `/${instance}`}@${realm}`,
  );
}

function apply(rule: Rule, params: readonly string[], defaultRealm: string): string | null {
  if (rule.kind === 'default') return params[0] === defaultRealm ? params[1]! : null;
  if (rule.parts !== params.length - 1) return null;
  const base = rule.format.replace(/\$(\d*)/g, (_, n: string) => (n === '' ? '' : (params[Number(n)] ?? '')));
  if (rule.fits !== null && !rule.fits.test(base)) return null;
  return rule.from === null ? base : base.replace(rule.from, rule.to);
}
