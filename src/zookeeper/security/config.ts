import type { HashName } from '../../runtime/runtime.ts';
import type { TlsVersion } from '../../runtime/tls.ts';
import type { NameRules } from './sasl/kerberos-names.ts';

/** A key or trust store as the configuration names it. */
export interface StoreConfig {
  /** '' is none. */
  readonly location: string;
  readonly password: string;
  /** A file that holds the password; it goes before `password`. */
  readonly passwordPath: string;
}

/** The keys `ssl.*` of the client ports, or `ssl.quorum.*`. */
export interface TlsConfig {
  readonly keyStore: StoreConfig;
  readonly trustStore: StoreConfig;
  readonly versions: readonly TlsVersion[];
  /** By standard name; null: the usual ones. */
  readonly cipherSuites: readonly string[] | null;
  readonly clientAuth: 'none' | 'want' | 'need';
  /** Whether the certificate of a server that is dialed must be for its name or address. */
  readonly hostnameVerification: boolean;
  /** Whether the certificate of a client must be for the address that it comes from. Only with `hostnameVerification`. */
  readonly clientHostnameVerification: boolean;
  /** How long a port that takes both waits for the first byte. */
  readonly detectionTimeoutMs: number;
}

/** Who may do what at which port, and how that is proven. */
export interface SecurityConfig {
  /** null: there is none; 0: a free one (only from programs). */
  readonly secureClientPort: number | null;
  readonly secureClientPortAddress: string;
  /** Handshakes under way at once; more are cut off. 0 or below: the default. */
  readonly handshakeLimit: number;
  readonly client: TlsConfig;
  readonly quorum: TlsConfig;
  /** The plain client port takes TLS, too. */
  readonly clientPortUnification: boolean;
  readonly clientCertReload: boolean;
  readonly sslQuorum: boolean;
  /** The ports of the ensemble take TLS and plain connections; `sslQuorum` then says what this server dials with. */
  readonly quorumPortUnification: boolean;
  readonly quorumCertReload: boolean;
  readonly adminForceHttps: boolean;
  readonly adminPortUnification: boolean;
  readonly adminNeedsClientAuth: boolean;
  /** Classes of Apache's that were named beside those which are always there. */
  readonly hasSaslScheme: boolean;
  readonly hasX509Scheme: boolean;
  readonly x509SuperUser: string;
  /** Who is super by SASL. */
  readonly superUsers: readonly string[];
  /** `sessionRequireClientSASLAuth`; see `requiredSchemes`. */
  readonly requiresSasl: boolean;
  readonly enforcesAuth: boolean;
  readonly enforcedSchemes: readonly string[];
  /** '' is none: then there is no SASL. */
  readonly jaasFile: string;
  readonly saslServerContext: string;
  readonly saslSuperPassword: string;
  readonly allowSaslFailedClients: boolean;
  /** '' is the system's own. */
  readonly krb5Conf: string;
  readonly kerberosNames: NameRules;
  readonly quorumSasl: QuorumSaslConfig;
  /** Of the scheme `digest`. */
  readonly digestHash: HashName;
  readonly audit: boolean;
}

export interface QuorumSaslConfig {
  readonly isEnabled: boolean;
  readonly learnerRequires: boolean;
  readonly serverRequires: boolean;
  readonly learnerContext: string;
  readonly serverContext: string;
  /** What servers of the ensemble are called by Kerberos: name/host, or name/_HOST. */
  readonly servicePrincipal: string;
}

const noStore: StoreConfig = { location: '', password: '', passwordPath: '' };

const tlsDefaults: TlsConfig = {
  keyStore: noStore,
  trustStore: noStore,
  versions: ['TLSv1.2', 'TLSv1.3'],
  cipherSuites: null,
  clientAuth: 'need',
  hostnameVerification: true,
  clientHostnameVerification: false,
  detectionTimeoutMs: 5000,
};

export const securityDefaults: SecurityConfig = {
  secureClientPort: null,
  secureClientPortAddress: '',
  handshakeLimit: 0,
  client: tlsDefaults,
  quorum: { ...tlsDefaults, clientHostnameVerification: true },
  clientPortUnification: false,
  clientCertReload: false,
  sslQuorum: false,
  quorumPortUnification: false,
  quorumCertReload: false,
  adminForceHttps: false,
  adminPortUnification: false,
  adminNeedsClientAuth: false,
  hasSaslScheme: false,
  hasX509Scheme: false,
  x509SuperUser: '',
  superUsers: [],
  requiresSasl: false,
  enforcesAuth: false,
  enforcedSchemes: [],
  jaasFile: '',
  saslServerContext: 'Server',
  saslSuperPassword: '',
  allowSaslFailedClients: false,
  krb5Conf: '',
  kerberosNames: { authToLocal: 'DEFAULT', removesHost: false, removesRealm: false },
  quorumSasl: {
    isEnabled: false,
    learnerRequires: false,
    serverRequires: false,
    learnerContext: 'QuorumLearner',
    serverContext: 'QuorumServer',
    servicePrincipal: 'zkquorum/localhost',
  },
  digestHash: 'sha1',
  audit: false,
};

/** Requests of who isn't known by one of these schemes are refused; null: of nobody. */
export function requiredSchemes(security: SecurityConfig): readonly string[] | null {
  if (security.requiresSasl) return ['sasl'];
  return security.enforcesAuth ? security.enforcedSchemes : null;
}

/** A setting of security that can't be followed. The message says what to do. */
export class SecurityError extends Error {
  readonly code: string;
  constructor(code: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SecurityError';
    this.code = code;
  }
}
