import { GssError, type Kerberos } from '../../../runtime/gssapi.ts';
import type { Runtime } from '../../../runtime/runtime.ts';
import { SecurityError, type SecurityConfig } from '../config.ts';
import {
  DigestClient,
  DigestServer,
  clientService,
  quorumService,
  type DigestService,
} from './digest-md5.ts';
import { GssapiClient, GssapiServer, type Authorize } from './gssapi.ts';
import { namesOf, parsePrincipal } from './kerberos-names.ts';
import type { Credentials, Logins, ServerLogin } from './logins.ts';
import { SaslError, type SaslClients, type SaslServers } from './mechanism.ts';

/** How clients authenticate; null: the JAAS file has no section for that. Throws a SecurityError. */
export function saslForClients(
  runtime: Runtime,
  logins: Logins,
  security: SecurityConfig,
): SaslServers | null {
  const { saslServerContext, saslSuperPassword, requiresSasl, enforcesAuth, enforcedSchemes } = security;
  const isNeeded = requiresSasl || (enforcesAuth && enforcedSchemes.includes('sasl'));
  if (!isNeeded && !logins.has(saslServerContext)) return null;
  const login = logins.server(saslServerContext);
  if (login.mechanism === 'GSSAPI') {
    const kerberos = openKerberos(runtime, security.krb5Conf, saslServerContext);
    // What the client would like to be called doesn't count, as with Apache's.
    const name = namesOf(security.kerberosNames, kerberos.defaultRealm);
    return byKerberos(kerberos, login, saslServerContext, name);
  }
  const users = new Map(login.users);
  if (saslSuperPassword !== '' && users.has('super')) users.set('super', saslSuperPassword);
  const { digests, random } = runtime;
  return () => new DigestServer(digests, random, clientService, users);
}

/** How other servers authenticate. hosts: the names of those of the ensemble. Throws a SecurityError. */
export function saslForPeers(
  runtime: Runtime,
  logins: Logins,
  security: SecurityConfig,
  hosts: () => readonly string[],
): SaslServers {
  const { serverContext } = security.quorumSasl;
  const login = logins.server(serverContext);
  if (login.mechanism === 'GSSAPI') {
    const kerberos = openKerberos(runtime, security.krb5Conf, serverContext);
    return byKerberos(kerberos, login, serverContext, onlyServers(hosts));
  }
  const { digests, random } = runtime;
  return () => new DigestServer(digests, random, quorumService, login.users);
}

/** How this server authenticates to others. Throws a SecurityError. */
export function saslToPeers(runtime: Runtime, logins: Logins, security: SecurityConfig): SaslClients {
  const { learnerContext, servicePrincipal } = security.quorumSasl;
  const { krb5Conf } = security;
  return clientsOf(runtime, logins, {
    section: learnerContext,
    service: quorumService,
    servicePrincipal,
    krb5Conf,
  });
}

/** How a client authenticates by a section of a JAAS file, as Apache's does. Throws a SecurityError. */
export function saslToServers(
  runtime: Runtime,
  logins: Logins,
  { section = 'Client', servicePrincipal = 'zookeeper/_HOST', krb5Conf = '' } = {},
): SaslClients {
  return clientsOf(runtime, logins, { section, service: clientService, servicePrincipal, krb5Conf });
}

/** How a client authenticates by DIGEST-MD5. */
export function withPassword(
  { digests, random }: Runtime,
  credentials: Credentials,
  service: DigestService = clientService,
): SaslClients {
  return async () => new DigestClient(digests, random, service, credentials);
}

interface ClientSide {
  readonly section: string;
  readonly service: DigestService;
  readonly servicePrincipal: string;
  readonly krb5Conf: string;
}

function clientsOf(runtime: Runtime, logins: Logins, side: ClientSide): SaslClients {
  const { section, service, servicePrincipal, krb5Conf } = side;
  const login = logins.client(section);
  if (login.mechanism === 'DIGEST-MD5') return withPassword(runtime, login.credentials, service);
  const kerberos = openKerberos(runtime, krb5Conf, section);
  const initiator = unlessGssError(section, () => kerberos.initiator(login.own));
  const realm = /@.*$/.exec(login.own.principal)?.[0] ?? '';
  return async (host) => {
    const principal = principalAt(servicePrincipal, host, realm);
    try {
      const { context, token } = await initiator.begin(principal);
      return new GssapiClient(context, token, () => initiator.forget());
    } catch (error) {
      if (!(error instanceof GssError)) throw error;
      throw new SaslError(`no ticket for ${principal}: ${error.message}`, error);
    }
  };
}

/** `_HOST` stands for the host. Without a realm, it is in that of who asks. */
function principalAt(pattern: string, host: string, realm: string): string {
  const principal = pattern.replace(
    /^([^/]*)\/_HOST(?=@|$)/,
    (_, name: string) => `${name}/${host.toLowerCase()}`,
  );
  return principal.includes('@') ? principal : `${principal}${realm}`;
}

function byKerberos(
  kerberos: Kerberos,
  { keys }: ServerLogin & { mechanism: 'GSSAPI' },
  section: string,
  authorize: Authorize,
): SaslServers {
  const acceptor = unlessGssError(section, () => kerberos.acceptor(keys));
  return () => new GssapiServer(acceptor.begin(), authorize);
}

/** Any principal of the realm could ask otherwise: it must be one of a host of the ensemble. */
function onlyServers(hosts: () => readonly string[]): Authorize {
  return (principal, wanted) => {
    if (wanted !== principal) throw new SaslError(`it is ${principal}, and wants to be ${wanted}`);
    const { instance } = parsePrincipal(principal);
    const isKnown = hosts().some((host) => host.toLowerCase() === instance?.toLowerCase());
    if (!isKnown)
      throw new SaslError(`its principal ${principal} is not for a host in the server lines of zoo.cfg`);
    return principal;
  };
}

function openKerberos(runtime: Runtime, krb5Conf: string, section: string): Kerberos {
  return unlessGssError(section, () => runtime.gssapi.open(krb5Conf));
}

function unlessGssError<T>(section: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    if (!(error instanceof GssError)) throw error;
    throw new SecurityError(
      'KERBEROS_UNUSABLE',
      `the JAAS section ${section} can't be used: ${error.message}`,
      error,
    );
  }
}
