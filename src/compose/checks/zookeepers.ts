import { variable } from '../images/config-text.ts';
import type { NotRun, PlannedBroker, PlannedService, PlannedZooKeeper } from '../plan.ts';
import { isLoopback, namesOf, placeOfKey } from '../plan.ts';
import type { Problems } from '../problems.ts';
import { areConnected } from './network.ts';

/** Ensembles, and whether each broker can find its ZooKeeper. */
export function checkZooKeepers(
  services: readonly PlannedService[],
  notRun: readonly NotRun[],
  problems: Problems,
): void {
  const zooKeepers = services.filter((planned) => planned.kind === 'zookeeper');
  for (const planned of zooKeepers) checkMembers(planned, problems);
  for (const planned of services)
    if (planned.kind === 'broker') checkConnect(planned, services, zooKeepers, notRun, problems);
}

function membersOf(planned: PlannedZooKeeper): string[] {
  const text = variable(planned.service, 'ZOOKEEPER_SERVERS')?.value ?? '';
  return text
    .split(';')
    .map((member) => member.trim())
    .filter((member) => member !== '');
}

function checkMembers(planned: PlannedZooKeeper, problems: Problems): void {
  const servers = variable(planned.service, 'ZOOKEEPER_SERVERS');
  if (servers === null) return;
  const members = membersOf(planned);
  const local = members.find((member) => isLoopback(hostOf(member)));
  if (local !== undefined)
    problems.warning(
      servers.place,
      'ENSEMBLE_LOOPBACK',
      `${local} tells each server of the ensemble to look for this one in its own container`,
      members.length > 1
        ? `write ${local.replace(hostOf(local), planned.name)}`
        : `leave ZOOKEEPER_SERVERS out (one server is no ensemble), or write ${local.replace(hostOf(local), planned.name)}`,
    );
}

function hostOf(member: string): string {
  return /^\s*(\[[^\]]*\]|[^:]*)/.exec(member)?.[1] ?? '';
}

function checkConnect(
  planned: PlannedBroker,
  services: readonly PlannedService[],
  zooKeepers: readonly PlannedZooKeeper[],
  notRun: readonly NotRun[],
  problems: Problems,
): void {
  const place = placeOfKey(planned, 'zookeeper.connect');
  const suggestion = zooKeepers.map((other) => `${other.name}:${other.config?.clientPort ?? 2181}`).join(',');
  const fix = suggestion === '' ? 'add a ZooKeeper service' : `write KAFKA_ZOOKEEPER_CONNECT: ${suggestion}`;
  for (const { host, port } of planned.config?.zookeeperConnect.servers ?? []) {
    const target = services.find((other) => namesOf(other).includes(host));
    if (isLoopback(host))
      problems.error(
        place,
        'ZOOKEEPER_CONNECT_LOOPBACK',
        `${planned.name} looks for ZooKeeper at ${host}:${port}, which in a container is the container itself`,
        fix,
      );
    else if (target === undefined) reportUnknown(planned, `${host}:${port}`, host, notRun, fix, problems);
    else if (target.kind !== 'zookeeper' || (target.config !== null && target.config.clientPort !== port))
      problems.error(
        place,
        'ZOOKEEPER_CONNECT_WRONG',
        target.kind === 'broker'
          ? `${planned.name} looks for ZooKeeper at ${host}:${port}, and ${target.name} is a broker`
          : `${planned.name} looks for ZooKeeper at ${host}:${port}, and ${target.name} listens on ${target.config?.clientPort ?? 0}`,
        fix,
      );
    else if (!areConnected(planned, target))
      problems.error(
        place,
        'NETWORK_NOT_SHARED',
        `${planned.name} and ${target.name} are in no common network, so the name ${host} means nothing here`,
        `add one of ${target.name}'s networks to ${planned.name}`,
      );
  }
}

function reportUnknown(
  planned: PlannedBroker,
  address: string,
  host: string,
  notRun: readonly NotRun[],
  fix: string,
  problems: Problems,
): void {
  const place = placeOfKey(planned, 'zookeeper.connect');
  const left = notRun.find((other) => other.name === host);
  if (left !== undefined)
    problems.error(
      place,
      'ZOOKEEPER_NOT_RUN',
      `${planned.name} needs ${address}, and ${left.name} is not run: ${left.reason}`,
    );
  else if (!/[.:]/.test(host))
    problems.error(
      place,
      'ZOOKEEPER_CONNECT_UNKNOWN',
      `${planned.name} looks for ZooKeeper at ${address}, and no service has that name`,
      fix,
    );
}
