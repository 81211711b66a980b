import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { parseEnvFile } from './env-file.ts';
import { interpolate } from './interpolate.ts';
import { TOP_LEVEL_KEYS, nearest } from './keys.ts';
import { mergeServices, mergeTrees, normalizeService, rebasePaths } from './merge.ts';
import type { Place, Project, Service } from './model.ts';
import { parseYaml } from './parse-yaml.ts';
import { Problems } from './problems.ts';
import { readService } from './read-service.ts';
import type { Tree, TreeEntry } from './tree.ts';
import { child, map, mapTexts, scalar, textOf } from './tree.ts';

export interface ReadOptions {
  /** Compose files as the user named them; later ones are laid over the first. */
  readonly files: readonly string[];
  /** The caller's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Instead of `.env` beside the first file. */
  readonly envFiles?: readonly string[];
  readonly profiles?: readonly string[];
  /** Services that run even when their profile is off. */
  readonly services?: readonly string[];
  /** Texts of files that aren't on the disk. */
  readonly texts?: ReadonlyMap<string, string>;
}

/** Reads a compose project with all that it refers to. `project` is null when there is nothing to check further. */
export function readProject(options: ReadOptions): { project: Project | null; problems: Problems } {
  const problems = new Problems();
  const project = new ProjectReader(options, problems).read();
  return { project, problems };
}

class ProjectReader {
  private readonly options: ReadOptions;
  private readonly problems: Problems;
  private readonly file: string;
  private readonly folder: string;
  private readonly dotEnv: ReadonlyMap<string, { value: string }>;
  /** Variables without a value: each is told of once, where it is first used. */
  private readonly unset = new Set<string>();
  /** Files that were read already: `extends` comes back to them. */
  private readonly trees = new Map<string, Tree | null>();

  constructor(options: ReadOptions, problems: Problems) {
    this.options = options;
    this.problems = problems;
    this.file = options.files[0] ?? 'compose.yml';
    this.folder = dirname(resolve(this.file));
    this.dotEnv = this.readDotEnv();
  }

  read(): Project | null {
    let tree: Tree | null = null;
    for (const file of this.options.files) {
      const next = this.load(file);
      if (next === null) continue;
      tree = tree === null ? next : mergeProjects(tree, next);
    }
    if (tree === null) return null;
    const entries = this.enabled(this.extended(tree));
    const around = {
      folder: this.folder,
      shownFolder: shownFolderOf(this.file),
      lookup: (name: string) => this.lookup(name),
      problems: this.problems,
    };
    const services = entries.map((entry) => readService(entry.key, entry, around));
    const project: Project = {
      name: projectName(
        textOf(child(tree, 'name')) ?? this.lookup('COMPOSE_PROJECT_NAME') ?? basename(this.folder),
      ),
      file: this.file,
      folder: this.folder,
      services,
      networks: names(child(tree, 'networks')),
      volumes: names(child(tree, 'volumes')),
    };
    this.checkReferences(project, child(tree, 'services'));
    return project;
  }

  private lookup(name: string): string | undefined {
    return this.options.env[name] ?? this.dotEnv.get(name)?.value;
  }

  private readDotEnv(): Map<string, { value: string }> {
    const values = new Map<string, { value: string }>();
    const own = this.options.envFiles;
    for (const path of own ?? [join(this.folder, '.env')]) {
      if (existsSync(path)) {
        const shown = own === undefined ? `${shownFolderOf(this.file)}.env` : path;
        const text = readFileSync(path, 'utf8');
        const lookup = (name: string): string | undefined =>
          this.options.env[name] ?? values.get(name)?.value;
        for (const [name, value] of parseEnvFile(text, shown, lookup, this.problems)) values.set(name, value);
      } else if (own !== undefined)
        this.problems.error({ file: path, line: 1 }, 'ENV_FILE_MISSING', 'there is no such file');
    }
    return values;
  }

  /** One file and those that it includes; its own services win. */
  private load(file: string): Tree | null {
    const own = this.loadAlone(file);
    const include = child(own ?? undefined, 'include');
    if (own === null || include?.kind !== 'list') return own;
    let tree: Tree = own;
    for (const item of include.items) {
      const path = child(item, 'path') ?? item;
      for (const name of path.kind === 'list' ? path.items : [path]) tree = this.include(tree, name, file);
    }
    return tree;
  }

  private include(tree: Tree, name: Tree, file: string): Tree {
    const written = textOf(name) ?? '';
    const path = isAbsolute(written) ? written : join(dirname(file), written);
    if (this.trees.has(resolve(path))) return tree;
    const other = this.load(path);
    if (other === null) return tree;
    const folder = dirname(resolve(path));
    const services = child(other, 'services');
    const moved =
      services?.kind === 'map'
        ? map(
            services.place,
            [...services.entries.values()].map((entry) => ({
              ...entry,
              value: rebasePaths(entry.value, folder),
            })),
          )
        : undefined;
    if (other.kind !== 'map' || moved === undefined) return tree;
    const whole = map(other.place, [
      ...other.entries.values(),
      { key: 'services', place: moved.place, value: moved },
    ]);
    return mergeProjects(whole, tree);
  }

  /** One file, interpolated, every service normalized, and misplaced services put where they belong. */
  private loadAlone(file: string): Tree | null {
    const path = resolve(file);
    const known = this.trees.get(path);
    if (known !== undefined) return known;
    let text: string;
    try {
      text = this.options.texts?.get(file) ?? readFileSync(path, 'utf8');
    } catch (error) {
      this.problems.error(
        { file, line: 1 },
        'FILE_UNREADABLE',
        isMissing(error)
          ? 'there is no such file'
          : `this file can't be read: ${error instanceof Error ? error.message : String(error)}`,
        'name another file with -f',
      );
      this.trees.set(path, null);
      return null;
    }
    const parsed = parseYaml(text, file, this.problems);
    const tree = parsed === null ? null : this.arrange(this.fill(parsed));
    this.trees.set(path, tree);
    return tree;
  }

  private fill(tree: Tree): Tree {
    return mapTexts(tree, (text, place) =>
      interpolate(text, {
        lookup: (name) => this.lookup(name),
        missing: (name) => {
          if (this.unset.has(name)) return;
          this.unset.add(name);
          this.problems.warning(
            place,
            'VARIABLE_UNSET',
            `the variable ${name} has no value, so nothing stands in its place`,
            `set it in .env, write \${${name}:-something}, or $$ for a dollar`,
          );
        },
        failed: (code, message) =>
          this.problems.error(
            place,
            code,
            message,
            code === 'VARIABLE_REQUIRED' ? 'set it in .env or in your shell' : 'write $$ for a dollar',
          ),
      }),
    );
  }

  private arrange(tree: Tree): Tree | null {
    if (tree.kind !== 'map') {
      this.problems.error(
        tree.place,
        'SERVICES_MISSING',
        'this is no compose file',
        'begin it with services:',
      );
      return null;
    }
    const services = new Map<string, TreeEntry>();
    const under = child(tree, 'services');
    if (under?.kind === 'map') for (const [name, entry] of under.entries) services.set(name, entry);
    const rest: TreeEntry[] = [];
    for (const entry of tree.entries.values()) {
      if (entry.key === 'services') continue;
      if (TOP_LEVEL_KEYS.has(entry.key) || entry.key.startsWith('x-')) rest.push(entry);
      else this.misplaced(entry, services);
    }
    const normal = [...services.values()].map((entry) => ({
      ...entry,
      value: normalizeService(entry.value),
    }));
    if (normal.length === 0)
      this.problems.error(
        tree.place,
        'SERVICES_MISSING',
        'this file names no services',
        'add them below services:',
      );
    const place = under?.place ?? tree.place;
    return map(tree.place, [...rest, { key: 'services', place, value: map(place, normal) }]);
  }

  private misplaced(entry: TreeEntry, services: Map<string, TreeEntry>): void {
    if (child(entry.value, 'image') !== undefined || child(entry.value, 'build') !== undefined) {
      this.problems.error(
        entry.place,
        'SERVICE_OUTSIDE_SERVICES',
        `${entry.key} stands at the margin, outside services:, so it is no service`,
        'indent it and all that belongs to it by two spaces, below services:',
      );
      if (!services.has(entry.key)) services.set(entry.key, entry);
      return;
    }
    const meant = nearest(entry.key, TOP_LEVEL_KEYS);
    this.problems.error(
      entry.place,
      'TOP_LEVEL_KEY_UNKNOWN',
      `${entry.key} has no meaning at the margin of a compose file`,
      meant === undefined ? 'check its indentation, or put x- before it' : `write ${meant}`,
    );
  }

  private extended(tree: Tree): TreeEntry[] {
    const services = child(tree, 'services');
    if (services?.kind !== 'map') return [];
    return [...services.entries.values()].map((entry) => ({
      ...entry,
      value: this.extend(entry.value, services, this.file, [`${this.file} ${entry.key}`]),
    }));
  }

  /** `extends: other`, or a map of service and file. Chains are followed; circles are an error. */
  private extend(service: Tree, services: Tree, file: string, path: readonly string[]): Tree {
    const wish = child(service, 'extends');
    if (wish === undefined || service.kind !== 'map') return service;
    const name = textOf(wish) ?? textOf(child(wish, 'service')) ?? '';
    const otherName = textOf(child(wish, 'file'));
    const otherFile =
      otherName === undefined ? file : isAbsolute(otherName) ? otherName : join(dirname(file), otherName);
    const step = `${otherFile} ${name}`;
    const from = otherFile === file ? services : child(this.load(otherFile) ?? undefined, 'services');
    const base = child(from, name);
    if (base === undefined || from === undefined || path.includes(step)) {
      this.problems.error(
        wish.place,
        base === undefined ? 'EXTENDS_UNKNOWN' : 'EXTENDS_CIRCLE',
        base === undefined ? `${otherFile} has no service ${name}` : `${name} extends itself in the end`,
        base === undefined ? 'name a service that is there' : 'leave one extends out',
      );
      return service;
    }
    const whole = this.extend(base, from, otherFile, [...path, step]);
    const moved = otherFile === file ? whole : rebasePaths(whole, dirname(resolve(otherFile)));
    const own = map(
      service.place,
      [...service.entries.values()].filter(({ key }) => key !== 'extends'),
    );
    const inherited =
      moved.kind === 'map'
        ? map(
            moved.place,
            [...moved.entries.values()].filter(({ key }) => key !== 'extends' && key !== 'profiles'),
          )
        : moved;
    return mergeServices(inherited, own);
  }

  private enabled(entries: readonly TreeEntry[]): TreeEntry[] {
    const active = new Set([
      ...(this.options.profiles ?? []),
      ...(this.lookup('COMPOSE_PROFILES') ?? '').split(',').filter((name) => name !== ''),
    ]);
    const asked = new Set(this.options.services ?? []);
    return entries.filter(({ key, value }) => {
      const profiles = child(value, 'profiles');
      if (profiles?.kind !== 'list' || profiles.items.length === 0 || asked.has(key) || active.has('*'))
        return true;
      return profiles.items.some((item) => active.has(textOf(item) ?? ''));
    });
  }

  private checkReferences(project: Project, all: Tree | undefined): void {
    for (const service of project.services) {
      this.checkNetworks(service, project);
      for (const { kind, source, place } of service.volumes)
        if (kind === 'volume' && !project.volumes.has(source))
          this.problems.error(
            place,
            'VOLUME_UNDEFINED',
            `no volume is called ${source}`,
            `add it at the end of the file, below volumes: as "${source}:", or write ./${source} for a folder`,
          );
      for (const { service: name, required, place } of service.dependsOn) {
        if (project.services.some((other) => other.name === name) || !required) continue;
        const isOff = child(all, name) !== undefined;
        const meant = nearest(
          name,
          project.services.map((other) => other.name),
        );
        this.problems.error(
          place,
          'DEPENDENCY_UNKNOWN',
          isOff ? `${service.name} depends on ${name}, whose profile is off` : `no service is called ${name}`,
          isOff
            ? 'turn its profile on with --profile, or take it out of depends_on'
            : meant === undefined
              ? 'take it out of depends_on'
              : `write ${meant}`,
        );
      }
    }
  }

  private checkNetworks(service: Service, project: Project): void {
    for (const { name, place } of service.networks)
      if (name !== 'default' && !project.networks.has(name))
        this.problems.error(
          place,
          'NETWORK_UNDEFINED',
          `no network is called ${name}`,
          `add "${name}:" below networks: at the margin`,
        );
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function mergeProjects(base: Tree, over: Tree): Tree {
  const services = (tree: Tree): Tree => child(tree, 'services') ?? scalar(tree.place, null);
  const below = services(base);
  const above = services(over);
  if (below.kind !== 'map' || above.kind !== 'map') return mergeTrees(base, over);
  const entries = new Map(below.entries);
  for (const [name, entry] of above.entries) {
    const known = below.entries.get(name);
    entries.set(
      name,
      known === undefined ? entry : { ...known, value: mergeServices(known.value, entry.value) },
    );
  }
  const merged = mergeTrees(base, over);
  if (merged.kind !== 'map') return merged;
  const value = map(above.place, entries.values());
  return map(merged.place, [...merged.entries.values(), { key: 'services', place: above.place, value }]);
}

function names(tree: Tree | undefined): Map<string, Place> {
  return new Map(
    tree?.kind === 'map' ? [...tree.entries.values()].map(({ key, place }) => [key, place]) : [],
  );
}

function projectName(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9_-]/g, '') || 'gregor';
}

function shownFolderOf(file: string): string {
  const folder = dirname(file);
  return folder === '.' ? '' : `${folder}/`;
}
