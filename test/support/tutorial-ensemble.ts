import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '../../examples/tutorial/ensemble.yml');

/**
 * The tutorial's file of three ZooKeeper servers and three brokers, published at these ports of this machine (0: any), as others may use its
 * own; sessions end sooner than there.
 */
export function tutorialEnsemble(zooKeeperPorts: readonly number[], brokerPorts: readonly number[]): string {
  let text = readFileSync(FILE, 'utf8')
    .replaceAll('ZOOKEEPER_TICK_TIME: 2000', 'ZOOKEEPER_TICK_TIME: 1000')
    .replaceAll(
      /( +)KAFKA_NUM_PARTITIONS.*/g,
      '$&\n$1KAFKA_ZOOKEEPER_SESSION_TIMEOUT_MS: 2500\n$1KAFKA_ZOOKEEPER_CONNECTION_TIMEOUT_MS: 30000',
    );
  const ports = [...zooKeeperPorts, ...brokerPorts];
  for (const [i, port] of [12181, 22181, 32181, 9092, 9093, 9094].entries())
    text = text
      .replace(`- ${port}:${port}`, `- ${ports[i]}:${port}`)
      .replace(`EXTERNAL://localhost:${port}`, `EXTERNAL://localhost:${ports[i]}`);
  return text;
}
