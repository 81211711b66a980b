import type { BrokerConfig } from '../../kafka/broker/config/broker-config.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import { regenerateConfig } from '../../zookeeper/quorum/configuration/config-files.ts';
import { parseZooKeeperConfig, type ZooKeeperConfig } from '../../zookeeper/server/config/config.ts';

/** Where the image's scripts write it. Reconfigurations leave theirs beside it, in the service's own folder. */
const ZOO_CFG = '/etc/kafka/zookeeper.properties';

/** A server that runs. */
export interface RunningServer {
  /** Resolves when the server ends, with the reason when nobody asked for it. */
  readonly ended?: Promise<Error | null>;
  /** Of a broker: resolves when it tells clients of so many brokers and of all topics, or when that takes too long. */
  knowsCluster?(brokers: number): Promise<void>;
  stop(): Promise<void>;
}

/** How servers are made; tests put their own here. */
export interface Starters {
  zookeeper(runtime: Runtime, config: ZooKeeperConfig, file: ZooCfg | null): Promise<RunningServer>;
  broker(runtime: Runtime, config: BrokerConfig): Promise<RunningServer>;
}

/** Where zoo.cfg is, and what it says. */
export interface ZooCfg {
  readonly path: string;
  readonly text: string;
}

/** What to start. A config is null when it had errors, which were told long before. */
export type ServerToStart =
  | {
      readonly kind: 'zookeeper';
      readonly config: ZooKeeperConfig | null;
      readonly text: { readonly text: string };
      readonly myid: string | null;
    }
  | { readonly kind: 'broker'; readonly config: BrokerConfig | null };

/** Starts a server in the world that it is given. Paths are those of the service. */
export async function startServer(
  what: ServerToStart,
  runtime: Runtime,
  starters: Starters,
): Promise<RunningServer> {
  if (what.config === null) throw new Error('its configuration has errors');
  if (what.kind === 'broker') return starters.broker(runtime, what.config);
  if (what.myid !== null) writeText(runtime, `${what.config.dataDir}/myid`, `${what.myid}\n`);
  if (!what.config.reconfigEnabled) return starters.zookeeper(runtime, what.config, null);
  const text = await regenerateConfig(runtime.files, ZOO_CFG, what.text.text);
  const { config } = parseZooKeeperConfig(text, ZOO_CFG);
  return starters.zookeeper(runtime, config ?? what.config, { path: ZOO_CFG, text });
}

function writeText({ files }: Runtime, path: string, text: string): void {
  files.makeFolder(path.slice(0, path.lastIndexOf('/')));
  const file = files.open(path, 'write');
  const bytes = Buffer.from(text);
  file.write(bytes, 0);
  file.truncate(bytes.length);
  file.close();
}
