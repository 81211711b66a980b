import type { Starters } from '../compose/cluster/starters.ts';
import { environment, processFacts } from './machine.ts';

/** gregor's own servers; each is loaded when the first of its kind starts. */
export const serverStarters: Starters = {
  zookeeper: async (runtime, config, file) => {
    const { startZooKeeper } = await import('../zookeeper/server/start.ts');
    const server = await startZooKeeper(runtime, config, {
      environment: environment(),
      processFacts,
      ...(file === null ? {} : { configFile: file.path, initialConfiguration: file.text }),
    });
    return { stop: () => server.stop(), ended: server.failure.catch((error: Error) => error) };
  },
  broker: async (runtime, config) => (await import('../kafka/broker/start.ts')).startBroker(runtime, config),
};
