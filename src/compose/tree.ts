import type { Place } from './model.ts';

/** YAML as a tree whose every part knows its line; anchors, aliases and merge keys are resolved. */
export type Tree = TreeMap | TreeList | TreeScalar;

export interface TreeMap {
  readonly kind: 'map';
  readonly place: Place;
  readonly entries: ReadonlyMap<string, TreeEntry>;
}

export interface TreeEntry {
  readonly key: string;
  /** Where the key stands. */
  readonly place: Place;
  readonly value: Tree;
}

export interface TreeList {
  readonly kind: 'list';
  readonly place: Place;
  readonly items: readonly Tree[];
}

/** Types don't matter in a compose file: `1`, `"1"` and `true` are what is written. null: nothing is. */
export interface TreeScalar {
  readonly kind: 'scalar';
  readonly place: Place;
  readonly text: string | null;
}

export function map(place: Place, entries: Iterable<TreeEntry>): TreeMap {
  return { kind: 'map', place, entries: new Map([...entries].map((entry) => [entry.key, entry])) };
}

export function scalar(place: Place, text: string | null): TreeScalar {
  return { kind: 'scalar', place, text };
}

/** The entry's value; undefined also when the tree is no map. */
export function child(tree: Tree | undefined, key: string): Tree | undefined {
  return tree?.kind === 'map' ? tree.entries.get(key)?.value : undefined;
}

/** The text of a scalar; undefined when there is none. */
export function textOf(tree: Tree | undefined): string | undefined {
  return tree?.kind === 'scalar' && tree.text !== null ? tree.text : undefined;
}

/** The same tree with every scalar's text changed. */
export function mapTexts(tree: Tree, change: (text: string, place: Place) => string): Tree {
  if (tree.kind === 'scalar')
    return tree.text === null ? tree : { ...tree, text: change(tree.text, tree.place) };
  if (tree.kind === 'list') return { ...tree, items: tree.items.map((item) => mapTexts(item, change)) };
  const entries = [...tree.entries.values()].map((entry) => ({
    ...entry,
    value: mapTexts(entry.value, change),
  }));
  return map(tree.place, entries);
}
