import type { Service } from '../model.ts';
import type { GeneratedConfig, Note } from '../plan.ts';
import type { Problems } from '../problems.ts';
import { ConfigText, systemProperties, variable } from './config-text.ts';
import { parseImageName } from './image.ts';

const DATA = '/var/lib/zookeeper/data';
const LOG = '/var/lib/zookeeper/log';

/** Whose words the image's names don't give away; all others are tickTime for TICK_TIME and so on. */
const OTHER_NAMES: Readonly<Record<string, string>> = {
  AUTOPURGE_PURGE_INTERVAL: 'autopurge.purgeInterval',
  AUTOPURGE_SNAP_RETAIN_COUNT: 'autopurge.snapRetainCount',
  FSYNC_WARNING_THRESHOLDMS: 'fsync.warningthresholdms',
  JUTE_MAX_BUFFER: 'jute.maxbuffer',
  QUORUM_LISTEN_ON_ALL_IPS: 'quorumListenOnAllIPs',
  SKIP_ACL: 'skipACL',
};

const SINCE_5_0 =
  `AUTOPURGE_PURGE_INTERVAL AUTOPURGE_SNAP_RETAIN_COUNT CLIENT_PORT CLIENT_PORT_ADDRESS CNX_TIMEOUT ELECTION_ALG
  FORCE_SYNC FSYNC_WARNING_THRESHOLDMS GLOBAL_OUTSTANDING_LIMIT INIT_LIMIT JUTE_MAX_BUFFER LEADER_SERVES MAX_CLIENT_CNXNS
  MAX_SESSION_TIMEOUT MIN_SESSION_TIMEOUT PRE_ALLOC_SIZE QUORUM_LISTEN_ON_ALL_IPS SKIP_ACL SNAP_COUNT SYNC_ENABLED SYNC_LIMIT
  TICK_TIME TRACE_FILE`.split(/\s+/);

const ADMIN: Readonly<Record<string, string>> = {
  ADMIN_ENABLE_SERVER: 'admin.enableServer',
  ADMIN_SERVER_ADDRESS: 'admin.serverAddress',
  ADMIN_SERVER_PORT: 'admin.serverPort',
  ADMIN_IDLE_TIMEOUT: 'admin.idleTimeout',
  ADMIN_COMMAND_URL: 'admin.commandURL',
  SECURE_CLIENT_PORT: 'secureClientPort',
};

/** What stands behind SSL_ and behind SSL_QUORUM_, with what it is called behind ssl. and ssl.quorum. */
const OF_TLS = {
  CLIENT_AUTH: 'clientAuth',
  KEYSTORE_LOCATION: 'keyStore.location',
  KEYSTORE_PASSWORD: 'keyStore.password',
  KEYSTORE_TYPE: 'keyStore.type',
  TRUSTSTORE_LOCATION: 'trustStore.location',
  TRUSTSTORE_PASSWORD: 'trustStore.password',
  TRUSTSTORE_TYPE: 'trustStore.type',
  ENABLED_PROTOCOLS: 'enabledProtocols',
  CONTEXT_SUPPLIER_CLASS: 'context.supplier.class',
  CIPHER_SUITES: 'ciphersuites',
  HOSTNAME_VERIFICATION: 'hostnameVerification',
  CRL: 'crl',
  OCPS: 'ocsp',
  HANDSHAKE_DETECTION_TIMEOUT_MILLIS: 'handshakeDetectionTimeoutMillis',
};

/** Since 5.4, with ZooKeeper 3.5. */
const SECURITY: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    Object.entries(OF_TLS).flatMap(([name, key]) => [
      [`SSL_${name}`, `ssl.${key}`],
      [`SSL_QUORUM_${name}`, `ssl.quorum.${key}`],
    ]),
  ),
  SSL_QUORUM: 'sslQuorum',
  SSL_AUTH_PROVIDER: 'ssl.authProvider',
  CLIENT_PORT_UNIFICATION: 'client.portUnification',
  SERVER_CNXN_FACTORY: 'serverCnxnFactory',
  TCP_KEEP_ALIVE: 'tcpKeepAlive',
  AUTH_PROVIDER_X509: 'authProvider.x509',
  AUTH_PROVIDER_SASL: 'authProvider.sasl',
  X509_AUTHENTICATION_PROVIDER_SUPER_USER: 'X509AuthenticationProvider.superUser',
};

const READ_OTHERWISE = new Set([
  'SERVER_ID',
  'SERVERS',
  'GROUPS',
  'WEIGHTS',
  'LOG4J_ROOT_LOGLEVEL',
  'LOG4J_LOGGERS',
]);

/** ZooKeeper 3.4 of cp-zookeeper up to 5.3 answers all words but these two; later releases answer srvr alone. */
const WORDS_OF_3_4 =
  'conf, cons, crst, dirs, dump, envi, gtmp, isro, mntr, ruok, srst, srvr, stat, stmk, wchs';

/**
 * What the scripts of confluentinc/cp-zookeeper make of a service's variables: zoo.cfg, and myid.
 * Null when they would refuse to start; `problems` says why.
 */
export function zooKeeperContract(
  service: Service,
  problems: Problems,
  notes: Note[],
): { config: GeneratedConfig; myid: string | null } | null {
  const text = new ConfigText();
  const { version } = parseImageName(service.image?.value ?? '');
  const is34 = version !== null && (version.major < 5 || (version.major === 5 && version.minor <= 3));
  if (
    variable(service, 'ZOOKEEPER_CLIENT_PORT') === null &&
    variable(service, 'ZOOKEEPER_SECURE_CLIENT_PORT') === null
  ) {
    problems.error(
      service.place,
      'CLIENT_PORT_MISSING',
      `${service.name} doesn't say on which port it listens, which cp-zookeeper requires`,
      'add ZOOKEEPER_CLIENT_PORT: 2181 below environment:',
    );
    return null;
  }
  text.set('dataDir', DATA, null, service.place);
  text.set('dataLogDir', LOG, null, service.place);
  if (is34) {
    text.set('4lw.commands.whitelist', WORDS_OF_3_4, null, service.place);
    text.set('admin.enableServer', 'false', null, service.place);
  }
  const known = new Map<string, string>(
    SINCE_5_0.map((name) => [name, OTHER_NAMES[name] ?? camelCase(name)]),
  );
  if (!is34) for (const [name, key] of Object.entries({ ...ADMIN, ...SECURITY })) known.set(name, key);
  for (const [name, { value, place }] of service.environment) {
    if (!name.startsWith('ZOOKEEPER_')) continue;
    const word = name.slice('ZOOKEEPER_'.length);
    const key = known.get(word);
    if (key !== undefined) text.set(key, value.trim(), name, place);
    else if (word.includes('LOG4J_'))
      notes.push({ service: service.name, place, text: `${name} is for log4j: ignored` });
    else if (!READ_OTHERWISE.has(word))
      problems.warning(
        place,
        'VARIABLE_UNKNOWN',
        `cp-zookeeper's scripts don't know ${name}, so it has no effect`,
        word.includes('4LW')
          ? 'write KAFKA_OPTS: -Dzookeeper.4lw.commands.whitelist=* instead'
          : 'check its spelling, or leave it out',
      );
  }
  if (!addMembers(service, text, problems)) return null;
  addJvmOptions(service, text, notes);
  return { config: text.done(), myid: variable(service, 'ZOOKEEPER_SERVER_ID')?.value ?? null };
}

function camelCase(name: string): string {
  return name.toLowerCase().replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** ZOOKEEPER_SERVERS becomes server.1, server.2 … in its order. */
function addMembers(service: Service, text: ConfigText, problems: Problems): boolean {
  const servers = variable(service, 'ZOOKEEPER_SERVERS');
  if (servers === null) return true;
  if (variable(service, 'ZOOKEEPER_SERVER_ID') === null) {
    problems.error(
      servers.place,
      'SERVER_ID_MISSING',
      `${service.name} names the servers of an ensemble but not which of them it is`,
      'add ZOOKEEPER_SERVER_ID: 1 (its place in ZOOKEEPER_SERVERS)',
    );
    return false;
  }
  if (!text.has('initLimit')) text.set('initLimit', '10', null, service.place);
  if (!text.has('syncLimit')) text.set('syncLimit', '5', null, service.place);
  for (const [name, key] of [
    ['SERVERS', 'server'],
    ['GROUPS', 'group'],
    ['WEIGHTS', 'weight'],
  ] as const) {
    const found = variable(service, `ZOOKEEPER_${name}`);
    for (const [index, item] of (found?.value.split(';') ?? []).entries())
      text.set(`${key}.${index + 1}`, item.trim(), `ZOOKEEPER_${name}`, found?.place ?? service.place);
  }
  return true;
}

const OF_JAVA = new Set(['jute.maxbuffer', 'java.security.auth.login.config']);

/** ZooKeeper's own settings among the JVM's (`-Dzookeeper.…`) count, the rest is for a JVM that isn't here. */
function addJvmOptions(service: Service, text: ConfigText, notes: Note[]): void {
  for (const name of ['KAFKA_OPTS', 'SERVER_JVMFLAGS', 'JVMFLAGS']) {
    const options = variable(service, name);
    if (options === null) continue;
    let used = false;
    for (const [property, value] of systemProperties(options.value)) {
      if (!property.startsWith('zookeeper.') && !OF_JAVA.has(property)) continue;
      text.set(property.replace(/^zookeeper\./, ''), value, name, options.place);
      used = true;
    }
    if (!used)
      notes.push({ service: service.name, place: options.place, text: `${name} is for the JVM: ignored` });
  }
  for (const [name, { place }] of service.environment)
    if (/^KAFKA_(HEAP_OPTS|JMX_|JVM_|GC_|LOG4J_)/.test(name) || name === 'JMX_PORT')
      notes.push({ service: service.name, place, text: `${name} is for the JVM: ignored` });
}
