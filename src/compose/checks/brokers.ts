import type { PlannedBroker, PlannedService } from '../plan.ts';
import { placeOfKey } from '../plan.ts';
import type { Problems } from '../problems.ts';

export type ReadyBroker = PlannedBroker & { config: NonNullable<PlannedBroker['config']> };

/** Brokers by the cluster they belong to: those with the same ZooKeeper and chroot. */
export function clustersOf(services: readonly PlannedService[]): ReadyBroker[][] {
  const clusters = new Map<string, ReadyBroker[]>();
  for (const planned of services) {
    if (planned.kind !== 'broker' || planned.config === null) continue;
    const { servers, chroot } = planned.config.zookeeperConnect;
    const key =
      servers
        .map(({ host, port }) => `${host}:${port}`)
        .sort()
        .join(',') + chroot;
    clusters.set(key, [...(clusters.get(key) ?? []), { ...planned, config: planned.config }]);
  }
  return [...clusters.values()];
}

/** Identity, and replication factors that there aren't enough brokers for. */
export function checkBrokers(services: readonly PlannedService[], problems: Problems): void {
  for (const brokers of clustersOf(services)) {
    const ids = new Map<number, ReadyBroker>();
    for (const broker of brokers) {
      checkId(broker, brokers, ids, problems);
      checkFactors(broker, brokers.length, problems);
    }
  }
}

function checkId(
  broker: ReadyBroker,
  brokers: readonly ReadyBroker[],
  ids: Map<number, ReadyBroker>,
  problems: Problems,
): void {
  const id = broker.config.brokerId;
  if (id < 0) return;
  const other = ids.get(id);
  if (other === undefined) {
    ids.set(id, broker);
    return;
  }
  let free = 1;
  while (brokers.some((one) => one.config.brokerId === free)) free += 1;
  problems.error(
    placeOfKey(broker, 'broker.id'),
    'BROKER_ID_TWICE',
    `${other.name} and ${broker.name} both are broker ${id}; the second one to start would be refused`,
    `write KAFKA_BROKER_ID: ${free}`,
  );
}

const FACTORS = [
  [
    'offsets.topic.replication.factor',
    'KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR',
    'no consumer group can work',
  ],
  [
    'transaction.state.log.replication.factor',
    'KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR',
    'no transaction can begin',
  ],
  ['default.replication.factor', 'KAFKA_DEFAULT_REPLICATION_FACTOR', 'no topic is created automatically'],
] as const;

function checkFactors(broker: ReadyBroker, count: number, problems: Problems): void {
  const { settings } = broker.config;
  for (const [key, name, effect] of FACTORS) {
    const factor = settings.number(key);
    if (factor <= count) continue;
    // Transactions are rare, so only what somebody wrote is worth a word there.
    if (key.startsWith('transaction') && !settings.isSet(key)) continue;
    const brokers = count === 1 ? 'the only broker' : `one of ${count} brokers`;
    problems.warning(
      placeOfKey(broker, key),
      'REPLICATION_FACTOR_TOO_LARGE',
      `${broker.name} is ${brokers}, and ${key} is ${factor}${settings.isSet(key) ? '' : ' unless you say otherwise'}: ${effect}`,
      `write ${name}: ${count}`,
    );
  }
  const minIsr = settings.number('min.insync.replicas');
  if (minIsr > count)
    problems.warning(
      placeOfKey(broker, 'min.insync.replicas'),
      'MIN_ISR_TOO_LARGE',
      `min.insync.replicas is ${minIsr}, and there ${count === 1 ? 'is 1 broker' : `are ${count} brokers`}: nothing can be written with acks=all`,
      `write KAFKA_MIN_INSYNC_REPLICAS: ${Math.max(1, count - 1)}`,
    );
}
