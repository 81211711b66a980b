import { LineCounter, isAlias, isMap, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, YAMLError, YAMLMap } from 'yaml';
import type { Place } from './model.ts';
import type { Problems } from './problems.ts';
import { repair } from './repair.ts';
import { map, scalar } from './tree.ts';
import type { Tree, TreeEntry } from './tree.ts';

/** Aliases can make a tree larger than its text by any factor; no compose file comes near this. */
const TREE_PARTS_MAX = 20_000;

/** Reads a YAML file, repairing what can be repaired. @returns null when nothing sensible can be made of it. */
export function parseYaml(text: string, file: string, problems: Problems): Tree | null {
  const clean = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  let parsed = parse(clean);
  if (parsed.errors.some(isFatal)) parsed = parse(repair(clean, file, problems));
  for (const error of parsed.errors) reportYamlError(error, file, parsed, problems);
  if (parsed.errors.some(isFatal)) return null;
  const { contents } = parsed.document;
  if (contents === null) return scalar({ file, line: 1 }, null);
  return new TreeMaker(parsed, file, problems).make(contents);
}

interface Parsed {
  readonly text: string;
  readonly document: Document;
  readonly errors: readonly YAMLError[];
  readonly counter: LineCounter;
}

function parse(text: string): Parsed {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, logLevel: 'silent' });
  return { text, document, errors: document.errors, counter };
}

function isFatal(error: YAMLError): boolean {
  return error.code !== 'DUPLICATE_KEY';
}

const SENTENCES: Partial<Record<YAMLError['code'], readonly [message: string, fix: string]>> = {
  BAD_INDENT: ["this line's indentation fits none of the lines above", 'align it with its neighbours'],
  TAB_AS_INDENT: ['a tab indents here, which YAML forbids', 'indent with spaces'],
  MISSING_CHAR: ['a quote, bracket or colon is missing here', 'close what was opened, or add the colon'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a second colon on one line makes no sense here',
    'put quotes around the value, or begin a new line',
  ],
  DUPLICATE_KEY: ['this key stands here a second time', 'keep one of the two'],
  MULTILINE_IMPLICIT_KEY: [
    'this line is neither "key: value" nor part of the line above',
    'add the colon, or indent it',
  ],
};

function reportYamlError(error: YAMLError, file: string, parsed: Parsed, problems: Problems): void {
  const line = parsed.counter.linePos(startOf(error, parsed.document)).line;
  const shown = parsed.text.split('\n')[line - 1]?.trim() ?? '';
  const [message, fix] = SENTENCES[error.code] ?? [
    `YAML can't read this: ${error.message.split('\n')[0] ?? ''}`,
    'put quotes around values that contain any of : { } [ ] # & *',
  ];
  const code = error.code === 'DUPLICATE_KEY' ? 'YAML_DUPLICATE_KEY' : 'YAML_SYNTAX';
  problems.error({ file, line }, code, `${message} ("${shown}")`, fix);
}

/** A quote that is never closed is noticed where the file ends; people want to know where it began. */
function startOf(error: YAMLError, document: Document): number {
  const [end] = error.pos;
  let start = end;
  if (error.code === 'MISSING_CHAR')
    visit(document, {
      Scalar: (_, node) => {
        const isQuoted = node.type === 'QUOTE_DOUBLE' || node.type === 'QUOTE_SINGLE';
        if (isQuoted && node.range && node.range[0] < end && node.range[1] >= end - 1) [start] = node.range;
      },
    });
  return start;
}

class TreeMaker {
  private readonly parsed: Parsed;
  private readonly file: string;
  private readonly problems: Problems;
  private parts = 0;
  /** Aliases that are being followed: an anchor can contain itself. */
  private readonly open = new Set<Node>();

  constructor(parsed: Parsed, file: string, problems: Problems) {
    this.parsed = parsed;
    this.file = file;
    this.problems = problems;
  }

  make(node: Node | null): Tree {
    const place = this.placeOf(node);
    if (node === null) return scalar(place, null);
    this.parts += 1;
    if (this.parts > TREE_PARTS_MAX || this.open.has(node)) {
      this.problems.error(place, 'YAML_TOO_LARGE', 'aliases make this file endless', 'use fewer of them');
      return scalar(place, null);
    }
    if (isAlias(node)) {
      const target = node.resolve(this.parsed.document);
      if (target !== undefined) return this.make(target);
      this.problems.error(
        place,
        'YAML_SYNTAX',
        `no anchor is called ${node.source}`,
        `write &${node.source} where it is defined, above this line`,
      );
      return scalar(place, null);
    }
    this.reportTag(node, place);
    if (isScalar(node)) return scalar(place, node.value === null ? null : scalarText(node));
    this.open.add(node);
    const made: Tree = isSeq(node)
      ? { kind: 'list', place, items: node.items.map((item) => this.make(item as Node | null)) }
      : isMap(node)
        ? map(place, this.entries(node))
        : scalar(place, null);
    this.open.delete(node);
    return made;
  }

  private reportTag({ tag }: Node, place: Place): void {
    if (tag !== '!reset' && tag !== '!override') return;
    this.problems.warning(
      place,
      'TAG_IGNORED',
      `${tag} is ignored: what the files before this one say here is kept and merged`,
      'take it out of those files',
    );
  }

  /** What the map says itself stands before what it merges in with `<<`, wherever that line is. */
  private entries(node: YAMLMap): TreeEntry[] {
    const own: TreeEntry[] = [];
    const merged: TreeEntry[] = [];
    for (const pair of node.items) {
      const keyNode = pair.key as Node;
      const key = isScalar(keyNode) ? scalarText(keyNode) : String(keyNode);
      const value = this.make(pair.value as Node | null);
      if (key === '<<') merged.push(...mergedEntries(value));
      else {
        const place = this.placeOf(keyNode);
        const placed = pair.value === null ? scalar(place, null) : value;
        own.push({ key, place, value: placed });
      }
    }
    return [...merged.reverse(), ...own];
  }

  private placeOf(node: Node | null): Place {
    const start = node?.range?.[0];
    return { file: this.file, line: start === undefined ? 1 : this.parsed.counter.linePos(start).line };
  }
}

function mergedEntries(value: Tree): TreeEntry[] {
  if (value.kind === 'map') return [...value.entries.values()];
  if (value.kind === 'list') return value.items.flatMap(mergedEntries);
  return [];
}

/** As it is written: `1.10` stays `1.10`, `yes` stays `yes`. */
function scalarText(node: { value: unknown; source?: string; type?: string }): string {
  if (typeof node.value === 'string') return node.value;
  return node.source ?? String(node.value);
}
