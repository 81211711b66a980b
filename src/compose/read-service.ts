import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { parseEnvFile } from './env-file.ts';
import { SERVICE_KEYS, nearest } from './keys.ts';
import type { Dependency, Ignored, Link, Placed, Service, ServiceNetwork } from './model.ts';
import { readMount } from './mounts.ts';
import { readPort } from './ports.ts';
import type { Problems } from './problems.ts';
import type { Tree, TreeEntry } from './tree.ts';
import { child, textOf } from './tree.ts';

/** What a service needs to know of the project around it. */
export interface ServiceSurroundings {
  /** Where the compose file is, absolute, and how the user named that folder (`''` or with a slash at its end). */
  readonly folder: string;
  readonly shownFolder: string;
  lookup(name: string): string | undefined;
  readonly problems: Problems;
}

/** A service from its tree, in which everything is interpolated, extended and merged already. */
export function readService(name: string, entry: TreeEntry, around: ServiceSurroundings): Service {
  const { problems } = around;
  const tree = entry.value;
  const at = (key: string): Tree | undefined => child(tree, key);
  reportUnknownKeys(name, tree, problems);
  reportScale(name, tree, problems);
  const links = listItems(at('links'), 'links', name, problems).flatMap(readLink);
  if (at('image') === undefined && at('build') === undefined)
    problems.error(
      entry.place,
      'IMAGE_MISSING',
      `${name} has neither image nor build`,
      'add image: confluentinc/cp-kafka:5.3.1, say',
    );
  return {
    name,
    place: entry.place,
    image: placed(at('image')),
    containerName: placed(at('container_name')),
    hostname: placed(at('hostname')),
    command: commandText(at('command')),
    entrypoint: commandText(at('entrypoint')),
    environment: readEnvironment(tree, around),
    ports: listItems(at('ports'), 'ports', name, problems).flatMap((item) => readPort(item, problems)),
    volumes: listItems(at('volumes'), 'volumes', name, problems).flatMap(
      (item) => readMount(item, name, around.folder, problems) ?? [],
    ),
    dependsOn: [...readDependencies(at('depends_on'), problems), ...linkedDependencies(links)],
    networks: readNetworks(at('networks')),
    networkMode: placed(at('network_mode')),
    links,
    extraHosts: readExtraHosts(at('extra_hosts')),
    healthcheck: at('healthcheck')?.place ?? null,
    ignored: ['configs', 'secrets'].flatMap((key) => readIgnored(key, at(key))),
  };
}

function reportUnknownKeys(service: string, tree: Tree, problems: Problems): void {
  if (tree.kind !== 'map') {
    problems.error(
      tree.place,
      'SERVICE_EMPTY',
      `${service} says nothing about what to run`,
      'indent its image: and all that belongs to it below its name',
    );
    return;
  }
  for (const { key, place } of tree.entries.values()) {
    if (SERVICE_KEYS.has(key) || key.startsWith('x-')) continue;
    const meant = nearest(key, SERVICE_KEYS);
    const looksLikeVariable = /^[A-Z][A-Z0-9_]+$/.test(key);
    problems.error(
      place,
      'SERVICE_KEY_UNKNOWN',
      `a service has no attribute ${key}`,
      meant !== undefined
        ? `write ${meant}`
        : looksLikeVariable
          ? 'put it below environment:, two spaces further in'
          : 'leave it out, or check its indentation',
    );
  }
}

/** Several containers of one service would be brokers with one id and one port. */
function reportScale(service: string, tree: Tree, problems: Problems): void {
  for (const count of [child(tree, 'scale'), child(child(tree, 'deploy'), 'replicas')])
    if (count !== undefined && Number(textOf(count)) > 1)
      problems.warning(
        count.place,
        'SCALE_IGNORED',
        `${service} is wanted ${textOf(count) ?? ''} times, and runs once`,
        'write a service for each, with its own id, listeners and ports',
      );
}

function readIgnored(key: string, tree: Tree | undefined): Ignored[] {
  if (tree === undefined) return [];
  const items = tree.kind === 'list' ? tree.items : tree.kind === 'map' ? [...tree.entries.values()] : [];
  const names = items.map((item) =>
    'key' in item ? item.key : (textOf(item) ?? textOf(child(item, 'source')) ?? '?'),
  );
  return [{ key, names, place: tree.place }];
}

function placed(tree: Tree | undefined): Placed<string> | null {
  const text = textOf(tree);
  return tree === undefined || text === undefined ? null : { value: text, place: tree.place };
}

/** `['a', 'b c']` and `a "b c"` alike, for people to read. */
function commandText(tree: Tree | undefined): Placed<string> | null {
  if (tree?.kind !== 'list') return placed(tree);
  return { value: tree.items.map((item) => textOf(item) ?? '').join(' '), place: tree.place };
}

function listItems(
  tree: Tree | undefined,
  key: string,
  service: string,
  problems: Problems,
): readonly Tree[] {
  if (tree === undefined || (tree.kind === 'scalar' && tree.text === null)) return [];
  if (tree.kind === 'list') return tree.items;
  problems.error(tree.place, 'LIST_EXPECTED', `${key} of ${service} is no list`, 'begin each line with "- "');
  return [];
}

/** env_file first, then environment over it; a name alone takes the caller's value. */
function readEnvironment(tree: Tree, around: ServiceSurroundings): Map<string, Placed<string>> {
  const values = new Map<string, Placed<string>>();
  const envFile = child(tree, 'env_file');
  const files = envFile === undefined ? [] : envFile.kind === 'list' ? envFile.items : [envFile];
  for (const item of files) readEnvFile(item, values, around);
  const environment = child(tree, 'environment');
  if (environment?.kind !== 'map') return values;
  for (const { key, place, value } of environment.entries.values()) {
    if (value.kind !== 'scalar') {
      around.problems.error(
        place,
        'ENVIRONMENT_VALUE',
        `the variable ${key} has no plain value`,
        'write KEY: value, with quotes around lists and maps',
      );
      continue;
    }
    const text = value.text ?? around.lookup(key);
    if (text !== undefined) values.set(key, { value: text, place });
  }
  return values;
}

function readEnvFile(item: Tree, values: Map<string, Placed<string>>, around: ServiceSurroundings): void {
  const path = textOf(item) ?? textOf(child(item, 'path'));
  if (path === undefined) return;
  const absolute = isAbsolute(path) ? path : join(around.folder, path);
  if (!existsSync(absolute)) {
    if (textOf(child(item, 'required')) !== 'false')
      around.problems.error(
        item.place,
        'ENV_FILE_MISSING',
        `there is no file ${path}`,
        'create it, or take it out of env_file',
      );
    return;
  }
  const shown = isAbsolute(path) ? path : around.shownFolder + path.replace(/^\.\//, '');
  const lookup = (name: string): string | undefined => values.get(name)?.value ?? around.lookup(name);
  for (const [name, value] of parseEnvFile(readFileSync(absolute, 'utf8'), shown, lookup, around.problems))
    values.set(name, value);
}

const CONDITIONS = ['service_started', 'service_healthy', 'service_completed_successfully'] as const;

function readDependencies(tree: Tree | undefined, problems: Problems): Dependency[] {
  if (tree?.kind !== 'map') return [];
  return [...tree.entries.values()].map(({ key, place, value }) => {
    const written = textOf(child(value, 'condition')) ?? 'service_started';
    const condition = CONDITIONS.find((known) => known === written);
    if (condition === undefined)
      problems.error(
        place,
        'CONDITION_UNKNOWN',
        `there is no condition ${written}`,
        `write one of ${CONDITIONS.join(', ')}`,
      );
    const required = textOf(child(value, 'required')) !== 'false';
    return { service: key, condition: condition ?? 'service_started', required, place };
  });
}

function readLink(tree: Tree): Link[] {
  const [service = '', alias] = (textOf(tree) ?? '').split(':');
  return service === '' ? [] : [{ service, alias: alias ?? service, place: tree.place }];
}

/** A link is a dependency, too: that is how files of Compose's first years order their services. */
function linkedDependencies(links: readonly Link[]): Dependency[] {
  return links.map(({ service, place }) => ({
    service,
    condition: 'service_started',
    required: true,
    place,
  }));
}

/** `["name:address", "name=address"]` or a map. */
function readExtraHosts(tree: Tree | undefined): Map<string, string> {
  const hosts = new Map<string, string>();
  if (tree?.kind === 'map')
    for (const { key, value } of tree.entries.values()) hosts.set(key, textOf(value) ?? '');
  if (tree?.kind === 'list')
    for (const item of tree.items) {
      const parts = /^([^:=]+)[:=](.+)$/.exec(textOf(item) ?? '');
      if (parts !== null) hosts.set(parts[1] ?? '', (parts[2] ?? '').replace(/^\[|\]$/g, ''));
    }
  return hosts;
}

function readNetworks(tree: Tree | undefined): ServiceNetwork[] {
  if (tree?.kind !== 'map') return [];
  return [...tree.entries.values()].map(({ key, place, value }) => ({
    name: key,
    aliases: aliasesOf(child(value, 'aliases')),
    place,
  }));
}

function aliasesOf(tree: Tree | undefined): string[] {
  return tree?.kind === 'list' ? tree.items.flatMap((item) => textOf(item) ?? []) : [];
}
