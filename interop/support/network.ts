/**
 * A network of its own for the servers of an ensemble: each in a network namespace, joined to one or more switches over which servers talk
 * to each other, and by a cable of its own to this host, over which clients come. So a server can be cut off from the others while its
 * clients stay, and a switch can fail. Needs root and iproute2.
 */
import { execFileSync } from 'node:child_process';
import { atTheEnd } from './processes.ts';

export interface Host {
  /** For the other servers, one by each switch. */
  readonly addresses: readonly string[];
  /** For clients on this host. */
  readonly clientAddress: string;
  /** A command line that runs the given one there. */
  inside(command: string, args: readonly string[]): [string, string[]];
  /** Nothing goes in or out between it and the other servers, and nobody is told. */
  cutOff(): void;
  join(): void;
}

export interface Network {
  readonly hosts: readonly Host[];
  /** Nothing goes through that switch any more, and nobody is told. */
  breakSwitch(number: number): void;
  mendSwitch(number: number): void;
  remove(): void;
}

/** Apart from those of the suites that run at the same time. */
const BLOCKS_A_WORKER = 2048;
let made = 0;

/** Where `CI` is set nothing may be left untested. */
const isCi = (process.env['CI'] ?? '') !== '';

/** Whether tests that need a network are skipped: where none can be made, but for CI, where they fail. */
export function skipsNetworks(): boolean {
  if (isCi) return false;
  const network = makeNetwork(1);
  network?.remove();
  return network === null;
}

/** null: this may not be done here; throws in CI. */
export function makeNetwork(size: number, switches = 1): Network | null {
  if (process.getuid?.() !== 0) return cannot('the user is not root');
  const name = `gr${process.pid.toString(36)}${(made++).toString(36)}`;
  // Of 10.64.0.0/10, which nobody routes: 4 addresses for each cable of clients, and 64 for the servers at each switch.
  const block =
    (Number(process.env['VITEST_POOL_ID'] ?? 1) % 2) * BLOCKS_A_WORKER +
    ((process.pid * 61 + made) % BLOCKS_A_WORKER);
  const address = (low: number) => `10.${64 + (block >> 8)}.${block & 255}.${low}`;
  const inner = `${name}s`;
  const all = Array.from({ length: switches }, (_, s) => `switch${s}`);
  const remove = () => {
    removed();
    for (const each of [inner, ...Array.from({ length: size }, (_, i) => `${name}h${i}`)])
      quietly('netns', 'del', each);
  };
  const removed = atTheEnd(remove);
  try {
    ip('netns', 'add', inner);
    for (const each of all) {
      ip('-n', inner, 'link', 'add', each, 'type', 'bridge');
      ip('-n', inner, 'link', 'set', each, 'up');
    }
    const hosts = Array.from({ length: size }, (_, i): Host => {
      const host = `${name}h${i}`;
      const cable = `${name}c${i}`;
      const clientSide = address(4 * i + 1);
      const clientAddress = address(4 * i + 2);
      const addresses = all.map((_each, s) => address(64 * (s + 1) + 1 + i));
      const port = (s: number) => `port${s}x${i}`;
      const join = () =>
        all.forEach((each, s) => ip('-n', inner, 'link', 'set', port(s), 'master', each, 'up'));
      ip('netns', 'add', host);
      ip('-n', host, 'link', 'set', 'lo', 'up');
      for (const [s, own] of addresses.entries()) {
        const device = `servers${s}`;
        ip('-n', host, 'link', 'add', device, 'type', 'veth', 'peer', 'name', port(s), 'netns', inner);
        ip('-n', host, 'addr', 'add', `${own}/26`, 'dev', device);
        ip('-n', host, 'link', 'set', device, 'up');
      }
      join();
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'clients', 'netns', host);
      ip('addr', 'add', `${clientSide}/30`, 'dev', cable);
      ip('link', 'set', cable, 'up');
      ip('-n', host, 'addr', 'add', `${clientAddress}/30`, 'dev', 'clients');
      ip('-n', host, 'link', 'set', 'clients', 'up');
      return {
        addresses,
        clientAddress,
        inside: (command, args) => ['ip', ['netns', 'exec', host, command, ...args]],
        cutOff: () => all.forEach((_each, s) => ip('-n', inner, 'link', 'set', port(s), 'nomaster')),
        join,
      };
    });
    return {
      hosts,
      breakSwitch: (number) => ip('-n', inner, 'link', 'set', all[number]!, 'down'),
      mendSwitch: (number) => ip('-n', inner, 'link', 'set', all[number]!, 'up'),
      remove,
    };
  } catch (error) {
    remove();
    return cannot(String(error));
  }
}

function cannot(why: string): null {
  if (isCi) throw new Error(`servers can't be given a network of their own, which CI insists on: ${why}`);
  return null;
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: 'ignore' });
}

function quietly(...args: string[]): void {
  try {
    ip(...args);
  } catch {
    // It isn't there.
  }
}
