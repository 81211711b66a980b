import type { Listener } from '../../kafka/broker/config/listeners.ts';
import type { Port } from '../model.ts';
import type { PlannedService } from '../plan.ts';
import { isLoopback, namesOf, placeOfKey } from '../plan.ts';
import type { Problems } from '../problems.ts';
import type { ReadyBroker } from './brokers.ts';
import { clustersOf } from './brokers.ts';

/**
 * Bound, published and advertised are three different things, and most trouble with Kafka in containers is that they don't fit
 * together. Such a cluster starts all the same, so these are warnings; but two brokers can't advertise one address.
 */
export function checkListeners(services: readonly PlannedService[], problems: Problems): void {
  for (const brokers of clustersOf(services)) {
    checkAdvertisedTwice(brokers, problems);
    checkSameNames(brokers, problems);
    for (const broker of brokers) {
      for (const bound of broker.config.listeners) {
        const advertised = broker.config.advertisedListeners.find(({ name }) => name === bound.name);
        checkBound(broker, bound, problems);
        if (advertised !== undefined && bound.name !== broker.config.interBrokerListenerName)
          checkForClients(broker, bound, advertised, services, problems);
      }
      checkBetweenBrokers(broker, brokers, services, problems);
      checkPublished(broker, services, problems);
    }
  }
  for (const planned of services) if (planned.kind === 'zookeeper') checkClientPort(planned, problems);
}

function shown({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function publishedPorts(planned: PlannedService, containerPort: number): Port[] {
  return planned.service.ports.filter(
    (port) => port.containerPort === containerPort && port.protocol === 'tcp',
  );
}

function checkBound(broker: ReadyBroker, bound: Listener, problems: Problems): void {
  if (!isLoopback(bound.host)) return;
  const reach = publishedPorts(broker, bound.port).length > 0 ? ', though its port is published' : '';
  problems.warning(
    placeOfKey(broker, 'listeners'),
    'LISTENER_LOOPBACK',
    `${bound.name} of ${broker.name} listens on ${shown(bound)}, which in a container is the container itself: nobody outside reaches it${reach}`,
    `write ${bound.name}://0.0.0.0:${bound.port} in KAFKA_LISTENERS`,
  );
}

/** A listener that isn't for brokers: clients on the machine must get somewhere with what it advertises. */
function checkForClients(
  broker: ReadyBroker,
  bound: Listener,
  advertised: Listener,
  services: readonly PlannedService[],
  problems: Problems,
): void {
  const published = publishedPorts(broker, bound.port);
  const place = placeOfKey(broker, 'advertised.listeners');
  if (isLoopback(advertised.host)) {
    if (published.length === 0)
      problems.warning(
        place,
        'PORT_NOT_PUBLISHED',
        `${broker.name} tells clients to connect to ${shown(advertised)}, and doesn't publish the port`,
        `add ports: with "${advertised.port}:${bound.port}" to ${broker.name}`,
      );
    else if (!published.some(({ hostPort }) => hostPort === advertised.port || hostPort === 0))
      problems.warning(
        place,
        'PUBLISHED_PORT_DIFFERS',
        `${broker.name} tells clients to connect to ${shown(advertised)}, and publishes ${bound.name} as ${published[0]?.hostPort ?? 0}`,
        `publish "${advertised.port}:${bound.port}", or advertise ${bound.name}://${advertised.host}:${published[0]?.hostPort ?? 0}`,
      );
  } else if (isMachineAddress(advertised.host) && published.some(({ hostAddress }) => hostAddress === ''))
    problems.warning(
      published[0]?.place ?? place,
      'PUBLISHED_ON_LOOPBACK',
      `${broker.name} tells clients to connect to ${shown(advertised)}, and gregor publishes on localhost unless the file names an address`,
      `write "0.0.0.0:${advertised.port}:${bound.port}"`,
    );
  else if (published.length > 0 && services.some((other) => namesOf(other).includes(advertised.host)))
    reportNameInside(broker, bound, advertised, published, problems);
}

/** An address that other machines know, too. */
function isMachineAddress(host: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(host) && !isLoopback(host);
}

function reportNameInside(
  broker: ReadyBroker,
  bound: Listener,
  advertised: Listener,
  published: readonly Port[],
  problems: Problems,
): void {
  const hostPort = published[0]?.hostPort ?? 0;
  const only = broker.config.listeners.length === 1;
  problems.warning(
    placeOfKey(broker, 'advertised.listeners'),
    'ADVERTISED_NAME_INSIDE_ONLY',
    `the machine's port ${hostPort} leads to ${bound.name}, which sends clients on to ${shown(advertised)}, a name that only services know`,
    only
      ? `add a second listener, EXTERNAL://0.0.0.0:${bound.port + 20000}, advertise it as EXTERNAL://localhost:${hostPort}, and publish "${hostPort}:${bound.port + 20000}"`
      : `advertise ${bound.name}://localhost:${hostPort}, or publish the port of the listener that does`,
  );
}

/** What brokers tell one another. A client-facing single listener is the brokers' listener, too. */
function checkBetweenBrokers(
  broker: ReadyBroker,
  brokers: readonly ReadyBroker[],
  services: readonly PlannedService[],
  problems: Problems,
): void {
  const name = broker.config.interBrokerListenerName;
  const advertised = broker.config.advertisedListeners.find((listener) => listener.name === name);
  const bound = broker.config.listeners.find((listener) => listener.name === name);
  if (advertised === undefined || bound === undefined) return;
  const place = placeOfKey(broker, 'advertised.listeners');
  const better = `${name}://${broker.name}:${bound.port}`;
  const target = services.find((other) => namesOf(other).includes(advertised.host));
  const published = publishedPorts(broker, bound.port);
  if (isLoopback(advertised.host)) {
    if (brokers.length > 1)
      problems.warning(
        place,
        'INTER_BROKER_LOOPBACK',
        `${broker.name} tells other brokers to connect to ${shown(advertised)}, which for each of them is its own container`,
        `advertise a listener for brokers: ${better}, and keep localhost for one of clients'`,
      );
    else checkForClients(broker, bound, advertised, services, problems);
  } else if (isMachineAddress(advertised.host))
    checkForClients(broker, bound, advertised, services, problems);
  else if (target === undefined) {
    if (!/[.:]/.test(advertised.host))
      problems.warning(
        place,
        'ADVERTISED_NAME_UNKNOWN',
        `${broker.name} tells other brokers to connect to ${shown(advertised)}, and no service has that name`,
        `write ${better}`,
      );
  } else if (target.name !== broker.name || advertised.port !== bound.port)
    problems.warning(
      place,
      'ADVERTISED_ELSEWHERE',
      `${broker.name} tells other brokers to connect to ${shown(advertised)}, where it doesn't listen`,
      `write ${better}`,
    );
  else if (published.length > 0 && broker.config.listeners.length === 1)
    reportNameInside(broker, bound, advertised, published, problems);
}

function checkPublished(broker: ReadyBroker, services: readonly PlannedService[], problems: Problems): void {
  const jmx = jmxPorts(broker);
  for (const port of broker.service.ports) {
    if (port.protocol === 'udp' || jmx.has(port.containerPort)) continue;
    if (broker.config.listeners.some((listener) => listener.port === port.containerPort)) continue;
    const one = broker.config.listeners.at(-1)?.port ?? 9092;
    problems.warning(
      port.place,
      'NOTHING_LISTENS',
      `${broker.name} publishes its port ${port.containerPort}, on which it doesn't listen`,
      services.length === 0 ? undefined : `write "${port.hostPort}:${one}"`,
    );
  }
}

/** There is no JMX here, but publishing its port is no mistake. */
function jmxPorts({ service }: PlannedService): Set<number> {
  return new Set(
    ['KAFKA_JMX_PORT', 'JMX_PORT'].map((name) => Number(service.environment.get(name)?.value ?? 0)),
  );
}

function checkClientPort(planned: PlannedService & { kind: 'zookeeper' }, problems: Problems): void {
  if (planned.config === null) return;
  const { clientPort, adminPort, security } = planned.config;
  const jmx = jmxPorts(planned);
  for (const port of planned.service.ports) {
    // 2888 and 3888 are an ensemble's own, and people publish them out of habit.
    if (port.protocol === 'udp' || jmx.has(port.containerPort)) continue;
    const own = [clientPort, security.secureClientPort, adminPort, 2888, 3888];
    if (own.includes(port.containerPort)) continue;
    problems.warning(
      port.place,
      'NOTHING_LISTENS',
      `${planned.name} publishes its port ${port.containerPort}, and listens on ${clientPort}`,
      `write "${port.hostPort}:${clientPort}"`,
    );
  }
}

function checkAdvertisedTwice(brokers: readonly ReadyBroker[], problems: Problems): void {
  const taken = new Map<string, ReadyBroker>();
  for (const broker of brokers)
    for (const listener of broker.config.advertisedListeners) {
      const other = taken.get(shown(listener));
      if (other !== undefined && other.name !== broker.name)
        problems.error(
          placeOfKey(broker, 'advertised.listeners'),
          'ADVERTISED_TWICE',
          `${other.name} and ${broker.name} both advertise ${shown(listener)}; the second one to start would be refused (KAFKA-6394)`,
          `give ${listener.name} of ${broker.name} a port of its own, such as ${listener.name}://${listener.host}:${listener.port + 1}, and publish it`,
        );
      taken.set(shown(listener), broker);
    }
}

function checkSameNames(brokers: readonly ReadyBroker[], problems: Problems): void {
  const [first, ...others] = brokers;
  if (first === undefined) return;
  const namesIn = (broker: ReadyBroker): string =>
    broker.config.advertisedListeners
      .map((listener) => listener.name)
      .sort()
      .join(', ');
  for (const other of others)
    if (namesIn(other) !== namesIn(first))
      problems.warning(
        placeOfKey(other, 'advertised.listeners'),
        'LISTENER_NAMES_DIFFER',
        `${first.name} advertises ${namesIn(first)} and ${other.name} ${namesIn(other)}: clients of a listener don't see the brokers that lack it`,
        `advertise ${namesIn(first)} here, too`,
      );
}
