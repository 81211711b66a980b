/**
 * Apache's servers, tools and clients, as jars from Maven by their coordinates, one folder each. What it takes to run them on a
 * current Java is written down here too.
 */
export interface Peer {
  readonly name: string;
  /** `group:artifact:version` */
  readonly artifacts: readonly string[];
  /** Jars to drop (by the start of their names) and to take from another peer instead. */
  readonly replace?: { drop: readonly string[]; from: string; take: readonly string[] };
}

const zookeeper39Runtime = [
  'org.xerial.snappy:snappy-java:1.1.10.5',
  'io.dropwizard.metrics:metrics-core:4.1.12.1',
];

export const peers: readonly Peer[] = [
  { name: 'zookeeper-3.4.14', artifacts: ['org.apache.zookeeper:zookeeper:3.4.14'] },
  { name: 'zookeeper-3.5.10', artifacts: ['org.apache.zookeeper:zookeeper:3.5.10'] },
  { name: 'zookeeper-3.9.5', artifacts: ['org.apache.zookeeper:zookeeper:3.9.5', ...zookeeper39Runtime] },
  // Writes the log of 3.9 to standard error.
  { name: 'slf4j-simple', artifacts: ['org.slf4j:slf4j-simple:2.0.13'] },
  // A Kerberos server.
  {
    name: 'kerby-2.1.1',
    artifacts: ['org.apache.kerby:kerb-simplekdc:2.1.1', 'org.slf4j:slf4j-simple:2.0.13'],
  },
  // With what its admin server and its metrics need, which ZooKeeper's own pom leaves to the distribution.
  {
    name: 'zookeeper-3.9.5-admin',
    artifacts: [
      'org.apache.zookeeper:zookeeper:3.9.5',
      'org.eclipse.jetty:jetty-server:9.4.58.v20250814',
      'org.eclipse.jetty:jetty-servlet:9.4.58.v20250814',
      'com.fasterxml.jackson.core:jackson-databind:2.15.2',
      'commons-cli:commons-cli:1.5.0',
      'commons-io:commons-io:2.17.0',
      ...zookeeper39Runtime,
    ],
  },
  {
    name: 'kafka-2.3.0',
    artifacts: [
      'org.apache.kafka:kafka_2.12:2.3.0',
      'org.apache.kafka:kafka-tools:2.3.0',
      'org.slf4j:slf4j-log4j12:1.7.26',
    ],
    // The ZooKeeper client of 3.4.14 can't resolve addresses on Java 14 and later.
    replace: {
      drop: ['zookeeper-3.4.14', 'netty-3'],
      from: 'zookeeper-3.5.10',
      take: ['zookeeper', 'netty', 'audience'],
    },
  },
  {
    name: 'kafka-3.9.1',
    artifacts: [
      'org.apache.kafka:kafka_2.13:3.9.1',
      'org.apache.kafka:kafka-tools:3.9.1',
      'org.slf4j:slf4j-reload4j:1.7.36',
    ],
  },
  {
    name: 'kafka-clients-4.2.0',
    artifacts: ['org.apache.kafka:kafka-clients:4.2.0', 'org.slf4j:slf4j-nop:1.7.36'],
  },
  {
    name: 'curator-5.9.0',
    artifacts: ['org.apache.curator:curator-recipes:5.9.0', 'org.slf4j:slf4j-nop:1.7.36'],
  },
];
