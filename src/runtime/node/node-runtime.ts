import { hostname } from 'node:os';
import type { Log, Runtime } from '../runtime.ts';
import { createNodeClock } from './clock.ts';
import { createNodeCodecs } from './codecs.ts';
import { createNodeDigests } from './digests.ts';
import { createNodeFiles } from './files.ts';
import { nodeGssapi } from './gssapi/node-gssapi.ts';
import { NodeNetwork } from './network.ts';
import { createNodeRandom } from './random.ts';
import { createNodeTls } from './tls/node-tls.ts';
import { Turn } from './turn.ts';

/** The real machine. `hostName`: what servers take for this machine's name; else the one that the system says. */
export function createNodeRuntime(options: { log: Log; hostName?: string }): Runtime {
  const turn = new Turn();
  return {
    clock: createNodeClock(turn),
    network: new NodeNetwork(options.hostName ?? hostname(), turn, options.log),
    tls: createNodeTls(turn),
    gssapi: nodeGssapi,
    files: createNodeFiles(),
    random: createNodeRandom(),
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    log: options.log,
  };
}
