import type { ServerFacts } from '../server-view.ts';
import { fullVersion } from '../version.ts';

const javaKeys = [
  'java.version',
  'java.vendor',
  'java.home',
  'java.class.path',
  'java.library.path',
  'java.io.tmpdir',
  'java.compiler',
  'os.name',
  'os.arch',
  'os.version',
  'user.name',
  'user.home',
  'user.dir',
  'os.memory.free',
  'os.memory.max',
  'os.memory.total',
];

/** What `envi` tells, under the names that Java gives: there is no Java here, and what isn't known says `<NA>`. */
export function environmentOf(server: Pick<ServerFacts, 'runtime' | 'environment'>): Record<string, string> {
  const known: Record<string, string> = {
    'zookeeper.version': fullVersion,
    'host.name': server.runtime.network.hostName,
  };
  for (const key of javaKeys) known[key] = server.environment[key] ?? '<NA>';
  return known;
}
