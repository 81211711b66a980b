/** How the file is called that isn't one. */
export const BUILT_IN_NAME = 'built-in.yml';

/** The cluster that `gregor up` runs where there is no compose file: one ZooKeeper and three brokers, data under `.gregor`. */
export const builtInCompose = `services:
  zookeeper:
    image: confluentinc/cp-zookeeper:5.3.1
    ports: ["2181:2181"]
    environment:
      ZOOKEEPER_CLIENT_PORT: 2181
      ZOOKEEPER_TICK_TIME: 2000
${[1, 2, 3].map(broker).join('')}`;

function broker(id: number): string {
  const port = 9091 + id;
  return `  kafka-${id}:
    image: confluentinc/cp-kafka:5.3.1
    depends_on: [zookeeper]
    ports: ["${port}:${port}"]
    environment:
      KAFKA_BROKER_ID: ${id}
      KAFKA_ZOOKEEPER_CONNECT: zookeeper:2181
      KAFKA_LISTENERS: INTERNAL://0.0.0.0:19092,EXTERNAL://0.0.0.0:${port}
      KAFKA_ADVERTISED_LISTENERS: INTERNAL://kafka-${id}:19092,EXTERNAL://localhost:${port}
      KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: INTERNAL:PLAINTEXT,EXTERNAL:PLAINTEXT
      KAFKA_INTER_BROKER_LISTENER_NAME: INTERNAL
      KAFKA_NUM_PARTITIONS: 3
      KAFKA_DEFAULT_REPLICATION_FACTOR: 3
      KAFKA_MIN_INSYNC_REPLICAS: 2
`;
}
