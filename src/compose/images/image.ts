/** An image's name in its parts: `registry/confluentinc/cp-kafka:5.3.1@sha256:…`. */
export interface ImageName {
  /** Without registry: `confluentinc/cp-kafka`, `zookeeper`. */
  readonly repository: string;
  /** `latest` when none is written. */
  readonly tag: string;
  /** Of tags that begin with a version: `5.3.1`, `7.5`; null for `latest`. */
  readonly version: { readonly major: number; readonly minor: number } | null;
}

export function parseImageName(text: string): ImageName {
  const [whole = ''] = text.split('@');
  const colon = whole.lastIndexOf(':');
  const hasTag = colon > whole.lastIndexOf('/');
  const path = hasTag ? whole.slice(0, colon) : whole;
  const tag = hasTag ? whole.slice(colon + 1) : 'latest';
  const parts = path.split('/');
  const first = parts[0] ?? '';
  if (parts.length > 1 && (/[.:]/.test(first) || first === 'localhost')) parts.shift();
  const version = /^v?(\d+)\.(\d+)/.exec(tag);
  return {
    repository: parts.filter((part) => part !== 'library').join('/'),
    tag,
    version: version === null ? null : { major: Number(version[1]), minor: Number(version[2]) },
  };
}

export type ImageRole =
  | { readonly kind: 'zookeeper' | 'broker' }
  /** We know what it is, and don't run it (yet). */
  | { readonly kind: 'notRun'; readonly reason: string };

const LATER = 'its environment is read by a later version of gregor';
const USE_CONFLUENT = 'use confluentinc/cp-kafka:7.5.0 and its variables to run it today';

const RECOGNIZED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/(^|\/)cp-server$/, `Confluent's commercial broker: ${LATER}; ${USE_CONFLUENT}`],
  [/(^|\/)cp-enterprise-kafka$/, `Confluent's commercial broker: ${LATER}; ${USE_CONFLUENT}`],
  [/(^|\/)confluent-local$/, `a KRaft broker: ${LATER}; ${USE_CONFLUENT}`],
  [/^wurstmeister\/kafka$/, `a Kafka broker: ${LATER}; ${USE_CONFLUENT}`],
  [/^wurstmeister\/zookeeper$/, `a ZooKeeper server: ${LATER}; use confluentinc/cp-zookeeper:7.5.0 today`],
  [/^bitnami(legacy)?\/kafka$/, `a Kafka broker: ${LATER}; ${USE_CONFLUENT}`],
  [
    /^bitnami(legacy)?\/zookeeper$/,
    `a ZooKeeper server: ${LATER}; use confluentinc/cp-zookeeper:7.5.0 today`,
  ],
  [/^apache\/kafka(-native)?$/, `a KRaft broker: ${LATER}; ${USE_CONFLUENT}`],
  [/^zookeeper$/, `the official ZooKeeper image: ${LATER}; use confluentinc/cp-zookeeper:7.5.0 today`],
  [
    /^(spotify|ches|johnnypark|lensesio|landoop)\/.*kafka|fast-data-dev/,
    `a Kafka broker: ${LATER}; ${USE_CONFLUENT}`,
  ],
  [/(^|\/)cp-schema-registry$/, 'a schema registry: gregor runs ZooKeeper and Kafka only'],
  [/(^|\/)cp-kafka-connect/, 'Kafka Connect: gregor runs ZooKeeper and Kafka only'],
  [/(^|\/)cp-(ksqldb|ksql)/, 'ksqlDB: gregor runs ZooKeeper and Kafka only'],
  [
    /kafka-ui|kafdrop|akhq|cmak|kafka-manager|control-center|console/,
    'a console: gregor runs ZooKeeper and Kafka only',
  ],
];

/** What to make of a service's image. */
export function imageRole(image: ImageName): ImageRole {
  if (/(^|\/)cp-zookeeper$/.test(image.repository)) return { kind: 'zookeeper' };
  if (/(^|\/)cp-kafka$/.test(image.repository)) return { kind: 'broker' };
  const known = RECOGNIZED.find(([pattern]) => pattern.test(image.repository));
  return { kind: 'notRun', reason: known?.[1] ?? 'gregor runs ZooKeeper and Kafka only' };
}
