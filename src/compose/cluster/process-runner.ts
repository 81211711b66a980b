import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import type { Log } from '../../runtime/runtime.ts';
import type { PlannedService } from '../plan.ts';
import type { FromProcess, ProcessPlan, ToProcess } from './process-messages.ts';
import type { PublishedPort, ServiceRunner } from './service-runner.ts';

/** Servers make little that lives long: with Node's own 16 MB each takes 15 MB more and is no faster (bench/README.md). */
const YOUNG_MEMORY = '--max-semi-space-size=4';

/** A service in a process of its own, over real sockets. */
export class ProcessRunner implements ServiceRunner {
  readonly planned: PlannedService;
  died: (reason: string) => void = () => {};
  private readonly plan: ProcessPlan;
  private readonly log: Log;
  private readonly entry: string;
  private ports: readonly PublishedPort[];
  private child: ChildProcess | null = null;
  /** What the process is waited for, and how that ends. */
  private awaited: { kind: FromProcess['kind']; resolve: () => void; reject: (error: Error) => void } | null =
    null;

  /** entry: the script whose command `service` makes a ProcessChild. */
  constructor(planned: PlannedService, plan: ProcessPlan, entry: string, log: Log) {
    this.planned = planned;
    this.plan = plan;
    this.ports = plan.ports;
    this.entry = entry;
    this.log = log;
  }

  get published(): readonly PublishedPort[] {
    return this.ports;
  }

  async publish(): Promise<void> {
    if (this.child !== null) return;
    const child = fork(this.entry, ['service'], {
      execArgv: [...process.execArgv, YOUNG_MEMORY],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child = child;
    child.on('message', (message) => this.take(message as FromProcess));
    child.on('exit', (code, signal) => this.ended(child, signal ?? `exit code ${code ?? 0}`));
    await this.ask({ kind: 'plan', plan: { ...this.plan, ports: this.ports } }, 'published');
  }

  async start(): Promise<void> {
    await this.publish();
    try {
      await this.ask({ kind: 'start' }, 'ready');
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  async knowsCluster(brokers: number): Promise<void> {
    if (this.planned.kind === 'broker') await this.ask({ kind: 'knowsCluster', brokers }, 'clusterKnown');
  }

  async stop(): Promise<void> {
    if (this.child === null) return;
    try {
      await this.ask({ kind: 'stop' }, 'stopped');
    } finally {
      this.kill();
    }
  }

  kill(): void {
    const { child } = this;
    this.child = null;
    child?.kill('SIGKILL');
  }

  close(): Promise<void> {
    this.kill();
    return Promise.resolve();
  }

  private ask(message: ToProcess, kind: FromProcess['kind']): Promise<void> {
    return new Promise((resolve, reject) => {
      this.awaited = { kind, resolve, reject };
      this.child?.send(message);
    });
  }

  private take(message: FromProcess): void {
    if (message.kind === 'log') {
      this.log[message.level](message.message, message.fields);
      return;
    }
    if (message.kind === 'died') {
      this.kill();
      this.log.error(message.message);
      this.died(message.message);
      return;
    }
    if (message.kind === 'published') this.ports = message.ports;
    const { awaited } = this;
    if (message.kind === 'failed') {
      this.awaited = null;
      awaited?.reject(new Error(message.message));
    } else if (message.kind === awaited?.kind) {
      this.awaited = null;
      awaited.resolve();
    }
  }

  private ended(child: ChildProcess, how: string): void {
    const { awaited } = this;
    const isOurs = this.child === child;
    if (!isOurs && awaited === null) return;
    if (isOurs) this.child = null;
    this.awaited = null;
    const reason = `its process ended (${how})`;
    if (awaited !== null) awaited.reject(new Error(reason));
    else {
      this.log.error(reason);
      this.died(reason);
    }
  }
}
