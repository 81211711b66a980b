import { VirtualRunner } from '../compose/cluster/virtual-runner.ts';
import { createNodeRuntime } from '../runtime/node/node-runtime.ts';
import { VirtualNetwork } from '../runtime/virtual/virtual-network.ts';
import type { Starters } from '../compose/cluster/starters.ts';
import type { RunnerMaker } from './running-project.ts';
import { silentLog } from '../runtime/node/log.ts';

/** All services in this process, each a host of one virtual network. */
export function virtualRunners(starters: Starters): RunnerMaker {
  return async (plan, logOf) => {
    const network = new VirtualNetwork(createNodeRuntime({ log: silentLog }));
    return plan.services.map(
      (planned) => new VirtualRunner(planned, plan.project.folder, network, starters, logOf(planned.name)),
    );
  };
}
