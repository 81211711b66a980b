import type { HashName } from '../../../runtime/runtime.ts';
import type { TlsVersion } from '../../../runtime/tls.ts';
import {
  requiredSchemes,
  type QuorumSaslConfig,
  type SecurityConfig,
  type TlsConfig,
} from '../../security/config.ts';
import type { NameRules } from '../../security/sasl/kerberos-names.ts';
import { moot, unserved, type KeyRule, type Value } from './config-rule.ts';
import { anyText, bool, host, path, text, whole, type ValueType } from './config-values.ts';

type Change<T> = (security: SecurityConfig, value: T) => Partial<SecurityConfig>;

function security<T extends Value>(key: string, type: ValueType<T>, change: Change<T>): KeyRule {
  return {
    key,
    type,
    meaning: 'honoured',
    // The value was read by `type`.
    set: (config, value) =>
      void (config.security = { ...config.security, ...change(config.security, value as T) }),
  };
}

/** A field of its own. */
function field<F extends keyof SecurityConfig>(
  key: string,
  name: F,
  type: ValueType<SecurityConfig[F] & Value>,
): KeyRule {
  return security(key, type, (_, value) => ({ [name]: value }));
}

/** A text that stands for something else. */
function meaning<T>(
  allowed: string,
  read: (text: string) => T | null,
): ValueType<string> & { of(text: string): T } {
  return {
    allowed,
    read: (value) => (read(value) === null ? null : value),
    of: (value) => read(value)!,
  };
}

const AUTH_CLASSES = 'org.apache.zookeeper.server.auth.';
const authClass = meaning(
  `${AUTH_CLASSES}SASLAuthenticationProvider or ${AUTH_CLASSES}X509AuthenticationProvider`,
  (value) => {
    const [, name] = /^org\.apache\.zookeeper\.server\.auth\.(\w+)AuthenticationProvider$/.exec(value) ?? [];
    return name !== undefined && ['SASL', 'X509', 'Digest', 'IP'].includes(name) ? name : null;
  },
);

const tlsVersions = meaning('TLSv1.2 or TLSv1.3, or both with a comma', (value): TlsVersion[] | null => {
  const known = value
    .split(',')
    .map((name) => name.trim())
    .filter((name): name is TlsVersion => name === 'TLSv1.2' || name === 'TLSv1.3');
  return known.length === 0 ? null : known;
});

const tlsProtocol = meaning('TLSv1.2 or TLSv1.3', (value): TlsVersion[] | null =>
  value === 'TLSv1.2' ? ['TLSv1.2'] : value === 'TLSv1.3' || value === 'TLS' ? ['TLSv1.2', 'TLSv1.3'] : null,
);

const clientAuth = meaning('none, want or need', (value): TlsConfig['clientAuth'] | null => {
  const name = value.toLowerCase();
  if (name === '') return 'need';
  return name === 'none' || name === 'want' || name === 'need' ? name : null;
});

const storeType = meaning('PEM, PKCS12 or JKS', (value) =>
  ['', 'PEM', 'PKCS12', 'JKS'].includes(value.toUpperCase()) ? value : null,
);

const digestHash = meaning('SHA1, SHA-256, SHA-512 or SHA3-256', (value): HashName | null => {
  const name = value.toLowerCase().replace(/^sha-(\d)/, 'sha$1');
  return digestHashes.find((known) => known === name) ?? null;
});
const digestHashes = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha3-224',
  'sha3-256',
  'sha3-384',
  'sha3-512',
] as const;

const names = (value: string): string[] =>
  value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const why = {
  provider: 'TLS is that of OpenSSL here',
  type: 'the bytes of a store tell its format',
};

/** The keys of one kind of ports: `ssl.` or `ssl.quorum.`. */
function tlsRules(prefix: string, kind: 'client' | 'quorum'): KeyRule[] {
  const set = <T extends Value>(
    key: string,
    type: ValueType<T>,
    change: (tls: TlsConfig, value: T) => Partial<TlsConfig>,
  ): KeyRule =>
    security(prefix + key, type, (all, value) => ({ [kind]: { ...all[kind], ...change(all[kind], value) } }));
  const stores = (['keyStore', 'trustStore'] as const).flatMap((store) => [
    ...(['location', 'password', 'passwordPath'] as const).map((part) =>
      set(`${store}.${part}`, part === 'location' ? path : anyText, (tls, value: string) => ({
        [store]: { ...tls[store], [part]: value },
      })),
    ),
    moot(`${prefix}${store}.type`, storeType, why.type),
  ]);
  return [
    ...stores,
    set('protocol', tlsProtocol, (_, value) => ({ versions: tlsProtocol.of(value) })),
    set('enabledProtocols', tlsVersions, (_, value) => ({ versions: tlsVersions.of(value) })),
    set('ciphersuites', text, (_, value) => ({ cipherSuites: names(value) })),
    set('clientAuth', clientAuth, (_, value) => ({ clientAuth: clientAuth.of(value) })),
    set('hostnameVerification', bool, (_, value) => ({ hostnameVerification: value })),
    set('clientHostnameVerification', bool, (_, value) => ({ clientHostnameVerification: value })),
    set('handshakeDetectionTimeoutMillis', whole(1, 0x7fffffff, 'ms'), (_, value) => ({
      detectionTimeoutMs: value,
    })),
    moot(`${prefix}allowReverseDnsLookup`, bool, 'names are looked up forwards, which cannot be forged'),
    moot(`${prefix}sslProvider`, anyText, why.provider),
    unserved(`${prefix}context.supplier.class`, anyText, null, 'no Java class can be loaded here'),
    unserved(`${prefix}crl`, bool, false, "revocation lists aren't fetched here"),
    unserved(`${prefix}ocsp`, bool, false, "revocation isn't asked for online here"),
  ];
}

function quorumSasl<F extends keyof QuorumSaslConfig>(
  key: string,
  name: F,
  type: ValueType<QuorumSaslConfig[F] & Value>,
): KeyRule {
  return security(`quorum.auth.${key}`, type, (all, value) => ({
    quorumSasl: { ...all.quorumSasl, [name]: value },
  }));
}

function kerberosNames<F extends keyof NameRules>(
  key: string,
  name: F,
  type: ValueType<NameRules[F] & Value>,
): KeyRule {
  return security(key, type, (all, value) => ({ kerberosNames: { ...all.kerberosNames, [name]: value } }));
}

/** TLS, SASL, authentication and the audit log. */
export const securityRules: readonly KeyRule[] = [
  field('secureClientPort', 'secureClientPort', whole(1, 65535)),
  field('secureClientPortAddress', 'secureClientPortAddress', host),
  ...tlsRules('ssl.', 'client'),
  ...tlsRules('ssl.quorum.', 'quorum'),
  field('client.portUnification', 'clientPortUnification', bool),
  field('client.certReload', 'clientCertReload', bool),
  field('netty.server.outstandingHandshake.limit', 'handshakeLimit', whole(-0x7fffffff)),
  moot(
    'netty.server.earlyDropSecureConnectionHandshakes',
    bool,
    'handshakes are bounded by netty.server.outstandingHandshake.limit',
  ),
  field('sslQuorum', 'sslQuorum', bool),
  field('portUnification', 'quorumPortUnification', bool),
  field('sslQuorumReloadCertFiles', 'quorumCertReload', bool),
  field('admin.forceHttps', 'adminForceHttps', bool),
  field('admin.portUnification', 'adminPortUnification', bool),
  field('admin.needClientAuth', 'adminNeedsClientAuth', bool),
  security('authProvider.N', authClass, (all, value) => ({
    hasSaslScheme: all.hasSaslScheme || authClass.of(value) === 'SASL',
    hasX509Scheme: all.hasX509Scheme || authClass.of(value) === 'X509',
  })),
  unserved(
    'ssl.authProvider',
    anyText,
    'x509',
    'clients with certificates are known by the scheme x509 only',
  ),
  field('X509AuthenticationProvider.superUser', 'x509SuperUser', text),
  security('superUser', text, (all, value) => ({ superUsers: [...all.superUsers, value] })),
  field('sessionRequireClientSASLAuth', 'requiresSasl', bool),
  field('enforce.auth.enabled', 'enforcesAuth', bool),
  security('enforce.auth.schemes', anyText, (_, value) => ({ enforcedSchemes: names(value) })),
  field('java.security.auth.login.config', 'jaasFile', path),
  field('sasl.serverconfig', 'saslServerContext', text),
  field('SASLAuthenticationProvider.superPassword', 'saslSuperPassword', text),
  field('allowSaslFailedClients', 'allowSaslFailedClients', bool),
  quorumSasl('enableSasl', 'isEnabled', bool),
  quorumSasl('learnerRequireSasl', 'learnerRequires', bool),
  quorumSasl('serverRequireSasl', 'serverRequires', bool),
  quorumSasl('learner.saslLoginContext', 'learnerContext', text),
  quorumSasl('server.saslLoginContext', 'serverContext', text),
  quorumSasl('kerberos.servicePrincipal', 'servicePrincipal', text),
  kerberosNames('kerberos.removeHostFromPrincipal', 'removesHost', bool),
  kerberosNames('kerberos.removeRealmFromPrincipal', 'removesRealm', bool),
  kerberosNames('security.auth_to_local', 'authToLocal', text),
  moot(
    'kerberos.canonicalizeHostNames',
    bool,
    'names of hosts are taken as the server lines have them, so write them there as their principals do',
  ),
  field('java.security.krb5.conf', 'krb5Conf', path),
  moot('fips-mode', bool, 'it chooses between providers of the Java machine'),
  security('DigestAuthenticationProvider.digestAlg', digestHash, (_, value) => ({
    digestHash: digestHash.of(value),
  })),
  field('audit.enable', 'audit', bool),
  moot(
    'audit.impl.class',
    anyText,
    'no Java class can be loaded here; see the README for where the audit log goes',
  ),
];

/** What keys ask of each other: the key at fault, and what it needs. */
export function securityProblems(all: SecurityConfig): [key: string, needs: string][] {
  const problems: [string, string][] = [];
  const needsStores = (key: string, tls: TlsConfig, prefix: string): void => {
    if (tls.keyStore.location === '')
      problems.push([key, `${prefix}keyStore.location=/path/to/a/key/store (PEM, PKCS12 or JKS)`]);
    else if (tls.trustStore.location === '' && tls.clientAuth !== 'none')
      problems.push([
        key,
        `${prefix}trustStore.location=/path/to/a/trust/store, or ${prefix}clientAuth=none`,
      ]);
  };
  if (all.secureClientPort !== null) needsStores('secureClientPort', all.client, 'ssl.');
  if (all.clientPortUnification) needsStores('client.portUnification', all.client, 'ssl.');
  // Each server is a client of the others, too, and must know whom it dials.
  const ofQuorum: TlsConfig = { ...all.quorum, clientAuth: 'need' };
  if (all.sslQuorum) needsStores('sslQuorum', ofQuorum, 'ssl.quorum.');
  if (all.quorumPortUnification) needsStores('portUnification', ofQuorum, 'ssl.quorum.');
  const ofAdmin: TlsConfig = { ...all.quorum, clientAuth: all.adminNeedsClientAuth ? 'need' : 'none' };
  if (all.adminForceHttps) needsStores('admin.forceHttps', ofAdmin, 'ssl.quorum.');
  if (all.adminPortUnification) needsStores('admin.portUnification', ofAdmin, 'ssl.quorum.');
  const { isEnabled, learnerRequires, serverRequires } = all.quorumSasl;
  if (learnerRequires && !isEnabled)
    problems.push(['quorum.auth.learnerRequireSasl', 'quorum.auth.enableSasl=true']);
  if (serverRequires && !learnerRequires)
    problems.push(['quorum.auth.serverRequireSasl', 'quorum.auth.learnerRequireSasl=true']);
  if (isEnabled && all.jaasFile === '') problems.push(['quorum.auth.enableSasl', JAAS]);
  const required = requiredSchemes(all);
  const by = all.requiresSasl ? 'sessionRequireClientSASLAuth' : 'enforce.auth.enabled';
  if (required?.length === 0) problems.push([by, 'enforce.auth.schemes=sasl, say']);
  for (const scheme of required ?? [])
    if (scheme === 'sasl' && !all.hasSaslScheme)
      problems.push([by, `authProvider.sasl=${AUTH_CLASSES}SASLAuthenticationProvider`]);
    else if (scheme === 'sasl' && all.jaasFile === '') problems.push([by, JAAS]);
    else if (!['sasl', 'x509', 'digest', 'ip'].includes(scheme))
      problems.push([
        by,
        `other enforce.auth.schemes: there is no scheme "${scheme}"; take of sasl, x509, digest and ip`,
      ]);
  return problems;
}

const JAAS = 'java.security.auth.login.config=/path/to/jaas.conf (or the same with -D in SERVER_JVMFLAGS)';
