import type { Place, Port } from './model.ts';
import type { Problems } from './problems.ts';
import type { Tree } from './tree.ts';
import { child, textOf } from './tree.ts';

const EXAMPLE = 'write "9092:9092" (the machine\'s port, then the container\'s)';

/** `9092:9092`, `127.0.0.1:9092:9092/tcp`, `9092-9094:9092-9094`, or the long form; a range becomes one port each. */
export function readPort(tree: Tree, problems: Problems): Port[] {
  if (tree.kind === 'map') return longPort(tree, problems);
  const text = textOf(tree);
  if (text === undefined) {
    problems.error(tree.place, 'PORT_INVALID', 'this is no port', EXAMPLE);
    return [];
  }
  const parts = /^(?:(?:(\[[^\]]*\]|[^:[\]]*):)?([\d-]*):)?([\d-]+)(?:\/(tcp|udp))?$/i.exec(text);
  const container = parts === null ? null : range(parts[3] ?? '');
  const published = parts?.[2] === undefined || parts[2] === '' ? null : range(parts[2]);
  if (parts === null || container === null || (published === null && (parts[2] ?? '') !== '')) {
    problems.error(tree.place, 'PORT_INVALID', `"${text}" is no port`, EXAMPLE);
    return [];
  }
  const hostAddress = (parts[1] ?? '').replace(/^\[|\]$/g, '');
  const protocol = parts[4]?.toLowerCase() === 'udp' ? 'udp' : 'tcp';
  return pairs(container, published, { hostAddress, protocol, place: tree.place }, text, problems);
}

function longPort(tree: Tree, problems: Problems): Port[] {
  const container = range(textOf(child(tree, 'target')) ?? '');
  const publishedText = textOf(child(tree, 'published')) ?? '';
  const published = publishedText === '' ? null : range(publishedText);
  if (container === null || (publishedText !== '' && published === null)) {
    problems.error(
      tree.place,
      'PORT_INVALID',
      'a port in the long form needs numbers',
      'write target: 9092 and published: 9092',
    );
    return [];
  }
  const protocol = textOf(child(tree, 'protocol')) === 'udp' ? 'udp' : 'tcp';
  const hostAddress = textOf(child(tree, 'host_ip')) ?? '';
  return pairs(container, published, { hostAddress, protocol, place: tree.place }, publishedText, problems);
}

type Range = readonly [first: number, last: number];

function range(text: string): Range | null {
  const parts = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  if (parts === null) return null;
  const first = Number(parts[1]);
  const last = Number(parts[2] ?? parts[1]);
  return first <= last && last <= 65535 ? [first, last] : null;
}

function pairs(
  container: Range,
  published: Range | null,
  common: { hostAddress: string; protocol: 'tcp' | 'udp'; place: Place },
  text: string,
  problems: Problems,
): Port[] {
  const count = container[1] - container[0];
  if (published !== null && published[1] - published[0] !== count) {
    problems.error(
      common.place,
      'PORT_RANGE',
      `the two ranges of "${text}" differ in length`,
      `publish ${count + 1} port${count === 0 ? '' : 's'}`,
    );
    return [];
  }
  return Array.from({ length: count + 1 }, (_, n) => ({
    hostAddress: common.hostAddress,
    hostPort: published === null ? 0 : published[0] + n,
    containerPort: container[0] + n,
    protocol: common.protocol,
    place: common.place,
  }));
}
