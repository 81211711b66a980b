import { resolve } from 'node:path';
import type { Tree, TreeEntry, TreeMap } from './tree.ts';
import { child, map, scalar, textOf } from './tree.ts';

/** Attributes that may be a list of `NAME=value` or names, and are a map all the same. */
const LISTED_MAPS = ['environment', 'depends_on', 'networks', 'labels'];
const REPLACED = new Set(['command', 'entrypoint', 'image', 'profiles']);

/** A service with its lists that mean maps made maps, so that services can be laid over one another. */
export function normalizeService(tree: Tree): Tree {
  if (tree.kind !== 'map') return tree;
  const entries = [...tree.entries.values()].map((entry) =>
    LISTED_MAPS.includes(entry.key) ? { ...entry, value: listToMap(entry.value) } : entry,
  );
  return map(tree.place, entries);
}

function listToMap(tree: Tree): Tree {
  if (tree.kind !== 'list') return tree;
  const entries = tree.items.flatMap((item): TreeEntry[] => {
    const text = textOf(item);
    if (text === undefined) return [];
    const equals = text.indexOf('=');
    const key = equals < 0 ? text : text.slice(0, equals);
    const value = scalar(item.place, equals < 0 ? null : text.slice(equals + 1));
    return [{ key, place: item.place, value }];
  });
  return map(tree.place, entries);
}

/** `over` laid over `base`, as several files and `extends` do it: maps by key, volumes by target, other lists one after the other. */
export function mergeServices(base: Tree, over: Tree): Tree {
  if (base.kind !== 'map' || over.kind !== 'map') return over;
  return mergeMaps(base, over, (key, below, above) => {
    if (REPLACED.has(key)) return above;
    if (key === 'volumes' && below.kind === 'list' && above.kind === 'list') {
      const targets = new Set(above.items.map(targetOf));
      return {
        ...above,
        items: [...below.items.filter((item) => !targets.has(targetOf(item))), ...above.items],
      };
    }
    return mergeTrees(below, above);
  });
}

/** Maps by key, lists one after the other without repeating what is said already, texts replaced. */
export function mergeTrees(base: Tree, over: Tree): Tree {
  if (base.kind === 'map' && over.kind === 'map')
    return mergeMaps(base, over, (_, below, above) => mergeTrees(below, above));
  if (base.kind === 'list' && over.kind === 'list') {
    const said = new Set(base.items.map(textOf));
    const added = over.items.filter((item) => textOf(item) === undefined || !said.has(textOf(item)));
    return { ...over, items: [...base.items, ...added] };
  }
  return over.kind === 'scalar' && over.text === null && base.kind !== 'scalar' ? base : over;
}

function mergeMaps(
  base: TreeMap,
  over: TreeMap,
  merge: (key: string, base: Tree, over: Tree) => Tree,
): TreeMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const below = base.entries.get(key);
    entries.set(key, below === undefined ? entry : { ...entry, value: merge(key, below.value, entry.value) });
  }
  return { kind: 'map', place: over.place, entries };
}

function targetOf(volume: Tree): string {
  const text = textOf(volume);
  if (text === undefined) return textOf(child(volume, 'target')) ?? '';
  const parts = text.replace(/^[A-Za-z]:(?=[\\/])/, '').split(':');
  return parts[1] ?? parts[0] ?? '';
}

/** Paths of a service that was written in another folder start from there. */
export function rebasePaths(service: Tree, folder: string): Tree {
  if (service.kind !== 'map') return service;
  const absolute = (tree: Tree): Tree => {
    if (tree.kind === 'list') return { ...tree, items: tree.items.map(absolute) };
    if (tree.kind === 'map') {
      return map(
        tree.place,
        [...tree.entries.values()].map((entry) =>
          ['source', 'src', 'path'].includes(entry.key) ? { ...entry, value: absolute(entry.value) } : entry,
        ),
      );
    }
    const parts = tree.text === null ? null : /^(\.{1,2}(?:\/[^:]*)?)(:.*)?$/s.exec(tree.text);
    return parts === null ? tree : { ...tree, text: resolve(folder, parts[1] ?? '') + (parts[2] ?? '') };
  };
  return map(
    service.place,
    [...service.entries.values()].map((entry) =>
      entry.key === 'volumes' || entry.key === 'env_file'
        ? { ...entry, value: absolute(entry.value) }
        : entry,
    ),
  );
}
