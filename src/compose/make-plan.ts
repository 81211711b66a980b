import { resolveBrokerConfig } from '../kafka/broker/config/broker-config.ts';
import { parseProperties } from '../wire/properties.ts';
import type { ConfigResult, Problem } from '../wire/problem.ts';
import { parseZooKeeperConfig } from '../zookeeper/server/config/config.ts';
import { checkBrokers } from './checks/brokers.ts';
import { checkListeners } from './checks/listeners.ts';
import { checkNetwork } from './checks/network.ts';
import { checkStorage } from './checks/storage.ts';
import { checkZooKeepers } from './checks/zookeepers.ts';
import { kafkaContract } from './images/cp-kafka.ts';
import { zooKeeperContract } from './images/cp-zookeeper.ts';
import { variable } from './images/config-text.ts';
import { imageRole, parseImageName } from './images/image.ts';
import type { Link, Project, Service } from './model.ts';
import type { ConfigLine, GeneratedConfig, NotRun, Note, Plan, PlannedService } from './plan.ts';
import { Problems } from './problems.ts';
import type { ReadOptions } from './read-project.ts';
import { readProject } from './read-project.ts';
import { startOrder, withDependencies } from './start-order.ts';

/** Reads compose files and plans what to run, or says all that is wrong with them. `plan` is null when they can't be read. */
export function planFromFiles(options: ReadOptions): { plan: Plan | null; problems: readonly Problem[] } {
  const { project, problems } = readProject(options);
  if (project === null) return { plan: null, problems: problems.list() };
  const plan = makePlan(project, options.services ?? [], problems);
  return { plan, problems: plan.problems };
}

/** wanted: names of services; empty for all. problems: those found while reading. */
function makePlan(project: Project, wanted: readonly string[], problems: Problems = new Problems()): Plan {
  const names = project.services.map(({ name }) => name);
  for (const name of wanted)
    if (!names.includes(name))
      problems.error(
        { file: project.file, line: 1 },
        'SERVICE_UNKNOWN',
        `no service is called ${name}`,
        `write one of ${names.join(', ')}`,
      );
  const notRun: NotRun[] = [];
  const notes: Note[] = [];
  const services: PlannedService[] = [];
  const zooKeepers = project.services.flatMap(zooKeeperAddress);
  for (const service of startOrder(withDependencies(project.services, wanted), problems)) {
    const left = whyNot(service);
    if (left !== null) notRun.push(left);
    else {
      const linked = project.services.flatMap(({ links }) =>
        links.filter((link) => link.service === service.name),
      );
      const planned = planService(service, linked, zooKeepers, problems, notes);
      if (planned !== null) services.push(planned);
    }
  }
  if (services.length === 0 && !problems.hasErrors)
    problems.error(
      { file: project.file, line: 1 },
      'NOTHING_TO_RUN',
      'no service of this file is one that gregor runs',
      'use the images confluentinc/cp-zookeeper and confluentinc/cp-kafka',
    );
  checkNetwork(services, project, problems);
  checkStorage(services, problems);
  // On the machine's own network nothing of what follows holds, and that alone has been told.
  const networked = services.filter(({ service }) => service.networkMode === null);
  checkZooKeepers(networked, notRun, problems);
  checkBrokers(services, problems);
  checkListeners(networked, problems);
  return { project, services, notRun, notes, problems: problems.list() };
}

function whyNot(service: Service): NotRun | null {
  const { name, place } = service;
  const image = service.image?.value ?? '(built here)';
  const role = service.image === null ? null : imageRole(parseImageName(image));
  if (role === null)
    return { name, image, place, reason: 'it is built from a Dockerfile, which gregor cannot run' };
  if (role.kind === 'notRun') return { name, image, place, reason: role.reason };
  const command = service.entrypoint ?? service.command;
  if (command !== null && !/\/etc\/confluent\/docker\/run\s*$/.test(command.value))
    return { name, image, place: command.place, reason: 'it runs a command of its own instead of a server' };
  return null;
}

function zooKeeperAddress(service: Service): string[] {
  const role = service.image === null ? null : imageRole(parseImageName(service.image.value));
  const port = variable(service, 'ZOOKEEPER_CLIENT_PORT');
  return role?.kind === 'zookeeper' && port !== null ? [`${service.name}:${port.value}`] : [];
}

function planService(
  service: Service,
  linked: readonly Link[],
  zooKeepers: readonly string[],
  problems: Problems,
  notes: Note[],
): PlannedService | null {
  const hostname = service.hostname?.value ?? service.name;
  const networkAliases = service.networks.flatMap((network) => network.aliases);
  const linkAliases = linked.map(({ alias }) => alias);
  const aliases = [
    ...new Set([
      service.name,
      service.containerName?.value ?? service.name,
      ...networkAliases,
      ...linkAliases,
    ]),
  ];
  const common = { name: service.name, service, hostname, aliases };
  for (const { key, names, place } of service.ignored)
    problems.warning(
      place,
      'NOT_MOUNTED',
      `${key} are not put into services, so ${service.name} does without ${names.join(', ')}`,
      'mount the files that it needs with volumes:',
    );
  if (imageRole(parseImageName(service.image?.value ?? '')).kind === 'zookeeper') {
    const made = zooKeeperContract(service, problems, notes);
    if (made === null) return null;
    const result = parseZooKeeperConfig(made.config.text, service.place.file);
    const config = checked(result, service, made.config, problems, notes);
    return { kind: 'zookeeper', ...common, text: made.config, config, myid: made.myid };
  }
  const text = kafkaContract(service, { zooKeepers }, problems, notes);
  if (text === null) return null;
  const result = resolveBrokerConfig(parseProperties(text.text), service.place.file);
  return { kind: 'broker', ...common, text, config: checked(result, service, text, problems, notes) };
}

/** A problem of a key that isn't there stands in line 1, which is about something else. */
function lineOf(problem: Problem, { lines }: GeneratedConfig): ConfigLine | undefined {
  const line = lines[problem.line - 1];
  if (line === undefined || problem.message.includes(line.key)) return line;
  return lines.find(({ key }) => problem.message.includes(key));
}

/** Problems of the generated file, said of the compose file's lines and variables. */
function checked<T>(
  result: ConfigResult<T>,
  service: Service,
  generated: GeneratedConfig,
  problems: Problems,
  notes: Note[],
): T | null {
  for (const problem of result.problems) {
    const line = lineOf(problem, generated);
    const place = line?.place ?? service.place;
    const variableName = line?.variable ?? null;
    const message = `${[service.name, variableName].filter((part) => part !== null).join(', ')}: ${problem.message}`;
    if (problem.code === 'KEY_WITHOUT_EFFECT') {
      if (variableName !== null)
        notes.push({ service: service.name, place, text: `${variableName}: ${problem.message}` });
    } else if (problem.severity === 'error') problems.error(place, problem.code, message, problem.fix);
    else problems.warning(place, problem.code, message, problem.fix);
  }
  return result.config;
}
