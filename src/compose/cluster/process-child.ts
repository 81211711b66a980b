import { resolveBrokerConfig } from '../../kafka/broker/config/broker-config.ts';
import { parseProperties } from '../../wire/properties.ts';
import { createNodeRuntime } from '../../runtime/node/node-runtime.ts';
import type { Listener, Log, LogFields, Runtime } from '../../runtime/runtime.ts';
import { Life } from '../../runtime/virtual/life.ts';
import { mapMounts, mappedFiles } from '../../runtime/virtual/mapped-files.ts';
import { parseZooKeeperConfig } from '../../zookeeper/server/config/config.ts';
import type { FromProcess, ProcessPlan, ToProcess } from './process-messages.ts';
import { ProcessNetwork } from './process-network.ts';
import type { RunningServer, ServerToStart, Starters } from './starters.ts';
import { startServer } from './starters.ts';

/** The other end of a ProcessRunner: one service in a process of its own. */
export class ProcessChild {
  private readonly send: (message: FromProcess) => void;
  private readonly starters: Starters;
  private readonly listeners: Listener[] = [];
  private plan: ProcessPlan | null = null;
  private runtime: Runtime | null = null;
  private server: RunningServer | null = null;

  constructor(send: (message: FromProcess) => void, starters: Starters) {
    this.send = send;
    this.starters = starters;
  }

  /** Resolves to true when the process has done its work and may end. */
  async take(message: ToProcess): Promise<boolean> {
    try {
      if (message.kind === 'plan') await this.publish(message.plan);
      else if (message.kind === 'start') await this.start();
      else if (message.kind === 'knowsCluster') {
        await this.server?.knowsCluster?.(message.brokers);
        this.send({ kind: 'clusterKnown' });
      } else {
        await this.server?.stop();
        await Promise.all(this.listeners.map((listener) => listener.close()));
        this.send({ kind: 'stopped' });
        return true;
      }
    } catch (error) {
      this.send({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
    return false;
  }

  private async publish(plan: ProcessPlan): Promise<void> {
    const log = this.log(plan.isVerbose);
    const base = createNodeRuntime({ log });
    const network = new ProcessNetwork(base.network, {
      ...plan,
      names: new Map([...plan.extraHosts.map(([name, at]) => [name, machine(at)] as const), ...plan.names]),
    });
    this.plan = plan;
    this.runtime = {
      ...base,
      network,
      files: mappedFiles(base.files, mapMounts(plan.mounts, plan.root), new Life()),
    };
    const ports = [];
    for (const wanted of plan.ports) {
      const { listeners, port } = await network.publish(wanted, (message) => log.warn(message));
      this.listeners.push(...listeners);
      ports.push(port);
    }
    this.send({ kind: 'published', ports });
  }

  private async start(): Promise<void> {
    const { plan, runtime, starters } = this;
    if (plan === null || runtime === null) throw new Error('there is no plan to start from');
    const server = await startServer(serverToStart(plan), runtime, starters);
    this.server = server;
    void server.ended?.then((reason) => {
      if (reason !== null) this.send({ kind: 'died', message: reason.message });
    });
    this.send({ kind: 'ready' });
  }

  private log(isVerbose: boolean, bound: LogFields = {}): Log {
    const line = (level: 'debug' | 'info' | 'warn' | 'error', message: string, fields?: LogFields): void => {
      const plain = Object.entries({ ...bound, ...fields }).map(([key, value]) => [
        key,
        typeof value === 'bigint' ? String(value) : (value ?? null),
      ]);
      this.send({ kind: 'log', level, message, fields: Object.fromEntries(plain) });
    };
    return {
      debug: (message, fields) => {
        if (isVerbose) line('debug', message, fields);
      },
      info: (message, fields) => line('info', message, fields),
      warn: (message, fields) => line('warn', message, fields),
      error: (message, fields) => line('error', message, fields),
      with: (fields) => this.log(isVerbose, { ...bound, ...fields }),
    };
  }
}

/** The machine's own address: services reach what listens there on all addresses or on localhost. */
function machine(address: string): string {
  return address === 'host-gateway' ? '127.0.0.1' : address;
}

function serverToStart({ kind, text, file, myid }: ProcessPlan): ServerToStart {
  return kind === 'broker'
    ? { kind, config: resolveBrokerConfig(parseProperties(text), file).config }
    : { kind, config: parseZooKeeperConfig(text, file).config, text: { text }, myid };
}
