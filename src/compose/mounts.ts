import { homedir } from 'node:os';
import { resolve } from 'node:path';
import type { Mount } from './model.ts';
import type { Problems } from './problems.ts';
import type { Tree } from './tree.ts';
import { child, textOf } from './tree.ts';

const EXAMPLE = "write ./data:/var/lib/kafka/data (the machine's folder, then the container's)";

/** `./here:/there[:ro]`, `name:/there`, `/there`, or the long form. Null when it isn't one. */
export function readMount(tree: Tree, service: string, folder: string, problems: Problems): Mount | null {
  const mount = tree.kind === 'map' ? longMount(tree, folder) : shortMount(textOf(tree) ?? '', tree, folder);
  if (mount === null) {
    problems.error(tree.place, 'VOLUME_INVALID', `"${textOf(tree) ?? '…'}" is no volume`, EXAMPLE);
    return null;
  }
  const written = textOf(tree) ?? textOf(child(tree, 'source')) ?? '';
  const placeholder = /[{<][^{}<>]*[}>]/.exec(written)?.[0];
  if (placeholder !== undefined) {
    problems.error(
      tree.place,
      'VOLUME_PLACEHOLDER',
      `${placeholder} stands where a folder of the machine belongs`,
      `write a folder, such as ./data/${service}`,
    );
    return { ...mount, kind: 'anonymous', source: '' };
  }
  return mount;
}

function shortMount(text: string, tree: Tree, folder: string): Mount | null {
  const placeholder = /^[{<][^}>]*[}>]/.exec(text)?.[0] ?? '';
  const drive = /^[A-Za-z]:[\\/]/.exec(text)?.[0] ?? '';
  const start = Math.max(placeholder.length, drive.length);
  const parts = text.slice(start).split(':');
  parts[0] = text.slice(0, start) + (parts[0] ?? '');
  const [source = '', target, mode = ''] = parts;
  const place = tree.place;
  if (parts.length > 3 || source === '') return null;
  if (target === undefined)
    return source.startsWith('/')
      ? { kind: 'anonymous', source: '', target: tidy(source), readOnly: false, place }
      : null;
  if (!target.startsWith('/')) return null;
  const readOnly = mode.split(',').includes('ro');
  const bind = drive !== '' || placeholder !== '' || /^[./~]/.test(source);
  return {
    kind: bind ? 'bind' : 'volume',
    source: bind ? hostPath(source, folder) : source,
    target: tidy(target),
    readOnly,
    place,
  };
}

function longMount(tree: Tree, folder: string): Mount | null {
  const type = textOf(child(tree, 'type')) ?? 'volume';
  const source = textOf(child(tree, 'source')) ?? textOf(child(tree, 'src')) ?? '';
  const target =
    textOf(child(tree, 'target')) ?? textOf(child(tree, 'dst')) ?? textOf(child(tree, 'destination'));
  if (target === undefined || !target.startsWith('/')) return null;
  const common = {
    target: tidy(target),
    readOnly: textOf(child(tree, 'read_only')) === 'true',
    place: tree.place,
  };
  if (type === 'tmpfs') return { kind: 'tmpfs', source: '', ...common };
  if (type === 'bind')
    return source === '' ? null : { kind: 'bind', source: hostPath(source, folder), ...common };
  if (type !== 'volume') return null;
  return source === '' ? { kind: 'anonymous', source, ...common } : { kind: 'volume', source, ...common };
}

function hostPath(source: string, folder: string): string {
  return resolve(folder, source.replace(/^~(?=\/|$)/, homedir()));
}

function tidy(target: string): string {
  return target.length > 1 ? target.replace(/\/+$/, '') : target;
}
