import type { BrokerConfig } from '../../kafka/broker/config/broker-config.ts';
import type { Runtime } from '../../runtime/runtime.ts';
import type { ZooKeeperConfig } from '../../zookeeper/server/config.ts';
import type { PlannedService } from '../plan.ts';

/** A server that runs. */
export interface RunningServer {
  stop(): Promise<void>;
}

/** How servers are made; tests put their own here. */
export interface Starters {
  zookeeper(runtime: Runtime, config: ZooKeeperConfig): Promise<RunningServer>;
  broker(runtime: Runtime, config: BrokerConfig): Promise<RunningServer>;
}

/** Starts what is planned in the world that it is given. Paths are those of the service. */
export async function startPlanned(
  planned: PlannedService,
  runtime: Runtime,
  starters: Starters,
): Promise<RunningServer> {
  if (planned.config === null) throw new Error(`the configuration of ${planned.name} has errors`);
  if (planned.kind === 'broker') return starters.broker(runtime, planned.config);
  if (planned.myid !== null) writeText(runtime, `${planned.config.dataDir}/myid`, `${planned.myid}\n`);
  return starters.zookeeper(runtime, planned.config);
}

function writeText({ files }: Runtime, path: string, text: string): void {
  files.makeFolder(path.slice(0, path.lastIndexOf('/')));
  const file = files.open(path, 'write');
  const bytes = Buffer.from(text);
  file.write(bytes, 0);
  file.truncate(bytes.length);
  file.close();
}
