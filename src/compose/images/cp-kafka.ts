import type { Service } from '../model.ts';
import type { GeneratedConfig, Note } from '../plan.ts';
import type { Problems } from '../problems.ts';
import { ConfigText, variable } from './config-text.ts';
import { parseImageName } from './image.ts';

const LOG_DIRS = '/var/lib/kafka/data';

/** Read by the image's scripts or by the JVM; no property comes of them. */
const FOR_THE_JVM =
  /^KAFKA_(HEAP_OPTS|OPTS|JMX_\w+|JVM_PERFORMANCE_OPTS|GC_LOG_OPTS|LOG4J_\w+|TOOLS_LOG4J_LOGLEVEL|DEBUG)$/;
const FOR_THE_SCRIPTS = /^KAFKA_(VERSION|CUB_ZK_TIMEOUT|DATA_DIRS|SSL_\w+_(FILENAME|CREDENTIALS))$/;
const DEPRECATED = ['KAFKA_ADVERTISED_PORT', 'KAFKA_ADVERTISED_HOST', 'KAFKA_HOST', 'KAFKA_PORT'];

/** `LOG_RETENTION_MS` is log.retention.ms; two underscores are one, three a dash. */
export function propertyName(words: string): string {
  return words
    .toLowerCase()
    .replace(/(?<=[^_])_(?=[^_])/g, '.')
    .replaceAll('___', '-')
    .replaceAll('__', '_');
}

/** NAME://host:port,… with every host made 0.0.0.0: what the image binds when only advertised addresses are given. */
export function listenersFor(advertised: string): string {
  return advertised.replace(/:\/\/(.*?):/g, '://0.0.0.0:');
}

export interface Neighbours {
  /** `name:port` of the file's ZooKeeper servers, for suggestions. */
  readonly zooKeepers: readonly string[];
}

/** What the scripts of confluentinc/cp-kafka make of a service's variables: server.properties. Null when they would refuse to start. */
export function kafkaContract(
  service: Service,
  neighbours: Neighbours,
  problems: Problems,
  notes: Note[],
): GeneratedConfig | null {
  const roles = variable(service, 'KAFKA_PROCESS_ROLES');
  if (roles !== null) {
    problems.error(
      roles.place,
      'KRAFT_NOT_SERVED',
      `${service.name} asks for KRaft, which gregor doesn't serve yet`,
      'leave KAFKA_PROCESS_ROLES out and set KAFKA_ZOOKEEPER_CONNECT',
    );
    return null;
  }
  const advertised = variable(service, 'KAFKA_ADVERTISED_LISTENERS');
  if (!checkRequired(service, neighbours, problems) || advertised === null) return null;
  const text = new ConfigText();
  noteVersion(service, notes);
  for (const [name, { value, place }] of service.environment) {
    const note = (why: string): void =>
      void notes.push({ service: service.name, place, text: `${name} ${why}: ignored` });
    const support = name.startsWith('CONFLUENT_SUPPORT_');
    if (support || name.startsWith('KAFKA_CONFLUENT_')) note("is for Confluent's own additions");
    else if (FOR_THE_JVM.test(name)) note('is for the JVM');
    else if (FOR_THE_SCRIPTS.test(name)) note("is for the image's scripts");
    else if (name === 'KAFKA_METRIC_REPORTERS') note('names Java classes');
    else if (name.startsWith('KAFKA_'))
      text.set(propertyName(name.slice('KAFKA_'.length)), value.trim(), name, place);
  }
  if (variable(service, 'KAFKA_LISTENERS') === null)
    text.set('listeners', listenersFor(advertised.value), 'KAFKA_ADVERTISED_LISTENERS', advertised.place);
  if (variable(service, 'KAFKA_LOG_DIRS') === null) text.set('log.dirs', LOG_DIRS, null, service.place);
  return text.done();
}

/** The images' releases are Kafka's: 5.3 is 2.3, 7.9 is 3.9, and from 8.0 on there is no ZooKeeper mode. */
function noteVersion(service: Service, notes: Note[]): void {
  const { tag, version } = parseImageName(service.image?.value ?? '');
  const place = service.image?.place ?? service.place;
  if (tag === 'latest' || (version !== null && version.major >= 8))
    notes.push({
      service: service.name,
      place,
      text: `cp-kafka:${tag} has no ZooKeeper mode any more; it runs all the same, with the defaults of Kafka 2.3`,
    });
  else if (version !== null && (version.major !== 5 || version.minor !== 3))
    notes.push({
      service: service.name,
      place,
      text: `cp-kafka:${tag} runs with the defaults of Kafka 2.3 so far`,
    });
}

function checkRequired(service: Service, neighbours: Neighbours, problems: Problems): boolean {
  let right = true;
  const fail = (...problem: Parameters<Problems['error']>): void => {
    problems.error(...problem);
    right = false;
  };
  if (variable(service, 'KAFKA_ZOOKEEPER_CONNECT') === null)
    fail(
      service.place,
      'ZOOKEEPER_CONNECT_MISSING',
      `${service.name} doesn't say where its ZooKeeper is, which cp-kafka requires`,
      `add KAFKA_ZOOKEEPER_CONNECT: ${neighbours.zooKeepers.join(',') || 'zookeeper:2181'} below environment:`,
    );
  if (variable(service, 'KAFKA_ADVERTISED_LISTENERS') === null)
    fail(
      service.place,
      'ADVERTISED_LISTENERS_MISSING',
      `${service.name} doesn't say at which address clients find it, which cp-kafka requires`,
      `add KAFKA_ADVERTISED_LISTENERS: PLAINTEXT://${service.name}:9092 below environment:`,
    );
  for (const name of DEPRECATED) {
    const found = variable(service, name);
    if (found !== null)
      fail(
        found.place,
        'VARIABLE_DEPRECATED',
        `cp-kafka refuses to start with ${name}`,
        'leave it out; KAFKA_ADVERTISED_LISTENERS says it all',
      );
  }
  return right;
}
