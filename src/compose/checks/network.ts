import type { Port, Project, Service } from '../model.ts';
import type { PlannedService } from '../plan.ts';
import { namesOf } from '../plan.ts';
import type { Problems } from '../problems.ts';

/** Names and published ports: what a container engine would refuse to start with. */
export function checkNetwork(
  services: readonly PlannedService[],
  project: Project,
  problems: Problems,
): void {
  for (const { service } of services)
    if (service.networkMode !== null && service.networkMode.value !== 'bridge')
      problems.error(
        service.networkMode.place,
        'NETWORK_MODE',
        `network_mode: ${service.networkMode.value} is not served: each service has an address and a localhost of its own`,
        networkModeFix(service),
      );
  checkContainerNames(project, problems);
  checkHostPorts(services, problems);
  checkAliases(services, problems);
}

/** What to write instead, with the service's own ports where its variables name them. */
function networkModeFix(service: Service): string {
  const texts = ['ZOOKEEPER_CLIENT_PORT', 'KAFKA_LISTENERS', 'KAFKA_ADVERTISED_LISTENERS'].map(
    (name) => service.environment.get(name)?.value ?? '',
  );
  const ports = new Set(
    texts.flatMap((text) => [...text.matchAll(/(?:^|:)(\d{2,5})(?=,|\s|$)/g)].map(([, port]) => port)),
  );
  const published = [...ports].map((port) => `"${port}:${port}"`).join(', ');
  return `leave it out, ${published === '' ? 'publish the ports with ports:' : `write ports: [${published}]`}, and the names of other services where localhost means them, as in KAFKA_ZOOKEEPER_CONNECT`;
}

function checkContainerNames(project: Project, problems: Problems): void {
  const taken = new Map<string, string>();
  for (const { name, containerName } of project.services) {
    if (containerName === null) continue;
    const other = taken.get(containerName.value);
    if (other !== undefined)
      problems.error(
        containerName.place,
        'CONTAINER_NAME_TWICE',
        `${name} and ${other} are both called ${containerName.value}`,
        `write container_name: ${name}`,
      );
    taken.set(containerName.value, name);
  }
}

function checkHostPorts(services: readonly PlannedService[], problems: Problems): void {
  const taken: { service: string; port: Port }[] = [];
  for (const { name, service } of services)
    for (const port of service.ports) {
      if (port.hostPort === 0 || port.protocol === 'udp') continue;
      const other = taken.find((one) => one.port.hostPort === port.hostPort && sameAddress(one.port, port));
      if (other !== undefined)
        problems.error(
          port.place,
          'HOST_PORT_TWICE',
          `${name} and ${other.service} both publish the machine's port ${port.hostPort}`,
          `publish another one, such as "${port.hostPort + 1}:${port.containerPort}", and advertise it`,
        );
      else taken.push({ service: name, port });
    }
}

function sameAddress(a: Port, b: Port): boolean {
  const everywhere = (port: Port): boolean => ['', '0.0.0.0', '::'].includes(port.hostAddress);
  return everywhere(a) || everywhere(b) || a.hostAddress === b.hostAddress;
}

function checkAliases(services: readonly PlannedService[], problems: Problems): void {
  const owners = new Map<string, PlannedService>();
  for (const planned of services)
    for (const name of namesOf(planned)) {
      const other = owners.get(name);
      if (other !== undefined && other !== planned)
        problems.warning(
          planned.service.hostname?.place ?? planned.service.place,
          'NAME_TWICE',
          `${other.name} and ${planned.name} both answer to ${name}, so it is chance which one is reached`,
          'give each its own hostname and aliases',
        );
      owners.set(name, planned);
    }
}

/** Whether two services have a network in common; those that name none are in the default one. */
export function areConnected(a: PlannedService, b: PlannedService): boolean {
  const of = (planned: PlannedService): string[] => {
    const named = planned.service.networks.map((network) => network.name);
    return named.length === 0 ? ['default'] : named;
  };
  return of(a).some((name) => of(b).includes(name));
}
