import { processAddresses } from '../compose/cluster/process-addresses.ts';
import type { ProcessPlan } from '../compose/cluster/process-messages.ts';
import { ProcessRunner } from '../compose/cluster/process-runner.ts';
import { extraHostsOf, mountsOf, rootOf } from '../compose/cluster/host-paths.ts';
import { publishedPorts } from '../compose/cluster/service-runner.ts';
import type { PlannedService } from '../compose/plan.ts';
import { namesOf } from '../compose/plan.ts';
import { createNodeRuntime } from '../runtime/node/node-runtime.ts';
import { silentLog } from '../runtime/node/log.ts';
import { CommandFailure } from './failure.ts';
import type { RunnerMaker } from './running-project.ts';

/** Each service in a process of its own, with loopback addresses of its own. */
export function processRunners(isVerbose: boolean): RunnerMaker {
  return async (plan, logOf) => {
    const { folder, file } = plan.project;
    const addresses = processAddresses(folder, plan.services.length);
    await checkAddresses(addresses.flatMap(({ address, localhost }) => [address, localhost]));
    const names = plan.services.flatMap((planned, n) =>
      namesOf(planned).map((name) => [name, addresses[n]?.address ?? ''] as const),
    );
    return plan.services.map((planned, n) => {
      const { address, localhost } = addresses[n] ?? { address: '', localhost: '' };
      const processPlan: ProcessPlan = {
        ...plainPlan(planned),
        file,
        address,
        localhost,
        names,
        extraHosts: [...extraHostsOf(planned)],
        mounts: mountsOf(planned, folder),
        root: rootOf(planned, folder),
        ports: publishedPorts(planned),
        isVerbose,
      };
      return new ProcessRunner(planned, processPlan, process.argv[1] ?? '', logOf(planned.name));
    });
  };
}

function plainPlan(
  planned: PlannedService,
): Pick<ProcessPlan, 'name' | 'kind' | 'text' | 'myid' | 'hostname'> {
  const { name, kind, hostname, text } = planned;
  return { name, kind, hostname, text: text.text, myid: planned.kind === 'zookeeper' ? planned.myid : null };
}

/** macOS and Windows have 127.0.0.1 only, unless somebody adds more. */
async function checkAddresses(addresses: readonly string[]): Promise<void> {
  const { network } = createNodeRuntime({ log: silentLog });
  for (const host of addresses) {
    try {
      const listener = await network.listen({ host, port: 0 }, (connection) => connection.destroy());
      await listener.close();
    } catch {
      throw new CommandFailure(
        `--processes gives each service addresses such as ${host}, which this machine doesn't have; ` +
          `leave --processes out, or add them (macOS: sudo ifconfig lo0 alias ${host})`,
      );
    }
  }
}
