import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Cluster } from '../compose/cluster/cluster.ts';
import { stateFolder } from '../compose/cluster/host-paths.ts';
import type { ServiceRunner } from '../compose/cluster/service-runner.ts';
import type { Plan } from '../compose/plan.ts';
import { createNodeFiles } from '../runtime/node/files.ts';
import type { FileLock, Log } from '../runtime/runtime.ts';
import { controlPath } from './control/control-path.ts';
import type { ControlHandler, ControlServer } from './control/control-server.ts';
import { serveControl } from './control/control-server.ts';
import type { ClusterStatus } from './control/protocol.ts';
import { CommandFailure } from './failure.ts';
import { LogStore } from './view/log-store.ts';
import { serviceLog } from './view/service-log.ts';

/** Makes the runners of a plan, in its order. */
export type RunnerMaker = (plan: Plan, logOf: (service: string) => Log) => Promise<ServiceRunner[]>;

/** A project that runs in this process: its cluster, its log, and the socket on which other commands reach it. */
export class RunningProject {
  readonly plan: Plan;
  readonly logs: LogStore;
  /** Settles when each service is ready or has failed; rejects when a port can't be had. */
  readonly started: Promise<void>;
  /** Resolves when all is stopped, whoever asked for it. */
  readonly ended: Promise<void>;
  private readonly cluster: Cluster;
  private readonly lock: FileLock;
  private readonly startedMs = Date.now();
  private control: ControlServer | null = null;
  private stopping: Promise<void> | null = null;
  private end: () => void = () => {};

  private constructor(plan: Plan, logs: LogStore, cluster: Cluster, lock: FileLock) {
    this.plan = plan;
    this.logs = logs;
    this.cluster = cluster;
    this.lock = lock;
    this.ended = new Promise((resolve) => (this.end = resolve));
    this.started = this.start();
  }

  /** Takes the project's lock and begins to start all services. Rejects with a CommandFailure when it runs already. */
  static async open(plan: Plan, makeRunners: RunnerMaker, level: 'debug' | 'info'): Promise<RunningProject> {
    const state = stateFolder(plan.project.folder);
    mkdirSync(state, { recursive: true });
    writeFileSync(join(state, '.gitignore'), '*\n');
    const lock = createNodeFiles().lock(join(state, 'lock'));
    if (lock === null)
      throw new CommandFailure(
        `A cluster runs already for ${plan.project.folder}: gregor ps shows it, gregor logs its log, gregor down stops it.`,
      );
    try {
      const logs = new LogStore();
      const logOf = (service: string): Log => serviceLog(service, (line) => logs.add(line), level);
      const runners = await makeRunners(plan, logOf);
      return new RunningProject(plan, logs, new Cluster(runners, () => performance.now()), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  status(): ClusterStatus {
    const { name, file } = this.plan.project;
    return {
      project: name,
      file,
      pid: process.pid,
      startedMs: this.startedMs,
      services: this.cluster.status(),
    };
  }

  /** Stops everything cleanly, once. */
  stop(): Promise<void> {
    this.stopping ??= this.stopNow();
    return this.stopping;
  }

  /** Something went wrong of which nobody knows in which service: that is told, and all go on. */
  report(error: unknown): void {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.log('gregor').error(
      `a mistake in gregor itself, please report it: ${stack.replace(/\s*\n\s*/g, ' ')}`,
    );
  }

  /** Ends everything at once; what was acknowledged is on the disk anyhow. */
  killAll(): void {
    this.cluster.killAll();
  }

  private async start(): Promise<void> {
    this.control = await serveControl(controlPath(stateFolder(this.plan.project.folder)), this.handle);
    await this.cluster.start();
  }

  private async stopNow(): Promise<void> {
    try {
      await this.cluster.stop();
    } finally {
      const { control } = this;
      this.lock.release();
      this.end();
      await control?.close();
    }
  }

  private readonly handle: ControlHandler = async (request, reply, gone) => {
    switch (request.command) {
      case 'status':
        reply({ kind: 'status', cluster: this.status() });
        return;
      case 'started':
        await this.started;
        reply({ kind: 'status', cluster: this.status() });
        return;
      case 'logs': {
        this.checkNames(request.services);
        for (const line of this.logs.newest(request.services, request.tail)) reply({ kind: 'line', line });
        if (!request.follow) {
          reply({ kind: 'done' });
          return;
        }
        const { services } = request;
        gone(
          this.logs.follow((line) => {
            if (services.length === 0 || services.includes(line.service)) reply({ kind: 'line', line });
          }),
        );
        return;
      }
      case 'kill':
        this.cluster.kill(request.service);
        this.log(request.service).warn(
          `was killed, as by kill -9; gregor restart ${request.service} brings it back`,
        );
        reply({ kind: 'done' });
        return;
      case 'restart':
        await this.restart(request.service);
        reply({ kind: 'done' });
        return;
      case 'down':
        await this.stop();
        reply({ kind: 'done' });
    }
  };

  private async restart(service: string): Promise<void> {
    const before = this.cluster.status().find(({ name }) => name === service);
    if (before !== undefined)
      this.log(service).info(
        before.state === 'ready' ? 'is stopped, to be started again' : 'is started again',
      );
    try {
      await this.cluster.restart(service);
    } catch (error) {
      if (before !== undefined)
        this.log(service).error(
          `didn't start again: ${error instanceof Error ? error.message : String(error)}`,
        );
      throw error;
    }
    const after = this.cluster.status().find(({ name }) => name === service);
    this.log(service).info(`is ready again, after ${((after?.readyAfterMs ?? 0) / 1000).toFixed(2)} s`);
  }

  /** What happens to a service from outside belongs into its log, too. */
  private log(service: string): Log {
    return serviceLog(service, (line) => this.logs.add(line));
  }

  private checkNames(services: readonly string[]): void {
    const names = this.plan.services.map(({ name }) => name);
    const unknown = services.find((name) => !names.includes(name));
    if (unknown !== undefined)
      throw new Error(`no service is called ${unknown}; there are ${names.join(', ')}`);
  }
}
