/**
 * A network of its own for the servers of an ensemble: each in a network namespace, joined to a switch over which servers talk to each
 * other, and by a second cable to this host, over which clients come. So a server can be cut off from the others while its
 * clients stay. Needs root and iproute2.
 */
import { execFileSync } from 'node:child_process';

export interface Host {
  /** For the other servers. */
  readonly address: string;
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
  remove(): void;
}

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
export function makeNetwork(size: number): Network | null {
  if (process.getuid?.() !== 0) return cannot('the user is not root');
  const name = `gr${process.pid.toString(36)}${(made++).toString(36)}`;
  // Of 10.64.0.0/10, which nobody routes: 64 addresses a network for the servers, and 4 for each cable of clients.
  const block = (process.pid * 8 + made) % 4096;
  const address = (low: number) => `10.${64 + (block >> 8)}.${block & 255}.${low}`;
  const switchName = `${name}s`;
  const remove = () => {
    for (const each of [switchName, ...Array.from({ length: size }, (_, i) => `${name}h${i}`)])
      quietly('netns', 'del', each);
  };
  try {
    ip('netns', 'add', switchName);
    ip('-n', switchName, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', switchName, 'link', 'set', 'switch', 'up');
    const hosts = Array.from({ length: size }, (_, i): Host => {
      const host = `${name}h${i}`;
      const port = `port${i}`;
      const cable = `${name}c${i}`;
      const own = address(1 + i);
      const clientSide = address(64 + 4 * i + 1);
      const clientAddress = address(64 + 4 * i + 2);
      ip('netns', 'add', host);
      ip('-n', host, 'link', 'set', 'lo', 'up');
      ip('-n', host, 'link', 'add', 'servers', 'type', 'veth', 'peer', 'name', port, 'netns', switchName);
      ip('-n', host, 'addr', 'add', `${own}/26`, 'dev', 'servers');
      ip('-n', host, 'link', 'set', 'servers', 'up');
      ip('-n', switchName, 'link', 'set', port, 'master', 'switch', 'up');
      ip('link', 'add', cable, 'type', 'veth', 'peer', 'name', 'clients', 'netns', host);
      ip('addr', 'add', `${clientSide}/30`, 'dev', cable);
      ip('link', 'set', cable, 'up');
      ip('-n', host, 'addr', 'add', `${clientAddress}/30`, 'dev', 'clients');
      ip('-n', host, 'link', 'set', 'clients', 'up');
      return {
        address: own,
        clientAddress,
        inside: (command, args) => ['ip', ['netns', 'exec', host, command, ...args]],
        cutOff: () => ip('-n', switchName, 'link', 'set', port, 'nomaster'),
        join: () => ip('-n', switchName, 'link', 'set', port, 'master', 'switch'),
      };
    });
    return { hosts, remove };
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
