import { clustersOf } from '../checks/brokers.ts';
import type { Dependency } from '../model.ts';
import type { ServiceRunner, ServiceState, ServiceStatus } from './service-runner.ts';

interface Member {
  readonly runner: ServiceRunner;
  state: ServiceState;
  startedMs: number;
  readyAfterMs: number | null;
  error: string | null;
  /** Settles when the service is ready or has failed. Never rejects. */
  settled: Promise<void>;
}

/** All services of a project as one thing: started in the order of depends_on, stopped in the reverse one. */
export class Cluster {
  private readonly members = new Map<string, Member>();
  private readonly nowMs: () => number;
  private closing = false;

  /** runners: in the order of start. nowMs: a clock that never goes back. */
  constructor(runners: readonly ServiceRunner[], nowMs: () => number) {
    this.nowMs = nowMs;
    for (const runner of runners) {
      const member: Member = {
        runner,
        state: 'waiting',
        startedMs: 0,
        readyAfterMs: null,
        error: null,
        settled: Promise.resolve(),
      };
      this.members.set(runner.planned.name, member);
      runner.died = (reason) => {
        member.state = 'failed';
        member.error = reason;
      };
    }
  }

  /** Takes all published ports, then starts everything. Resolves when each service is ready or has failed. */
  async start(): Promise<void> {
    try {
      await allOrEachError([...this.members.values()].map(({ runner }) => publish(runner)));
    } catch (error) {
      await this.close();
      throw error;
    }
    for (const member of this.members.values()) member.settled = this.startAfterDependencies(member);
    await Promise.all([...this.members.values()].map((member) => member.settled));
    await this.clustersKnown();
  }

  status(): ServiceStatus[] {
    return [...this.members.values()].map(({ runner, state, readyAfterMs, error }) => ({
      name: runner.planned.name,
      kind: runner.planned.kind,
      state,
      published: runner.published,
      readyAfterMs,
      error,
    }));
  }

  /**
   * Stops what runs, last started first, then gives the ports back. One after the other: each broker hands its leaders to those that
   * are still there, and the last one sees that it is alone instead of waiting for brokers that are about to go.
   */
  async stop(): Promise<void> {
    this.closing = true;
    for (const member of [...this.members.values()].reverse()) await this.stopOne(member);
    await this.close();
  }

  /** Ends everything at once. */
  killAll(): void {
    this.closing = true;
    for (const { runner } of this.members.values()) runner.kill();
  }

  /** @throws Error when there is no such service, or it doesn't run. */
  kill(name: string): void {
    const member = this.find(name);
    if (member.state !== 'ready' && member.state !== 'starting') throw new Error(`${name} isn't running`);
    member.state = 'killed';
    member.runner.kill();
  }

  /** Stops the service cleanly if it runs, and starts it again. Rejects with the reason when it doesn't start. */
  async restart(name: string): Promise<void> {
    const member = this.find(name);
    await member.settled;
    await this.stopOne(member);
    member.settled = this.startNow(member);
    await member.settled;
    if (member.error !== null) throw new Error(member.error);
  }

  /** Ready is when each broker of a cluster knows the others and all topics. One that dies meanwhile tells of it in its own way. */
  private async clustersKnown(): Promise<void> {
    const running = [...this.members.values()].filter(({ state }) => state === 'ready');
    const clusters = clustersOf(running.map(({ runner }) => runner.planned));
    await Promise.all(
      clusters.flatMap((brokers) =>
        brokers.map(({ name }) =>
          this.find(name)
            .runner.knowsCluster(brokers.length)
            .catch(() => undefined),
        ),
      ),
    );
  }

  private find(name: string): Member {
    const member = this.members.get(name);
    if (member === undefined)
      throw new Error(`no service is called ${name}; there are ${[...this.members.keys()].join(', ')}`);
    return member;
  }

  private async startAfterDependencies(member: Member): Promise<void> {
    const { name, service } = member.runner.planned;
    for (const dependency of service.dependsOn) {
      const other = this.members.get(dependency.service);
      if (other === undefined) continue;
      await other.settled;
      if (other.state !== 'ready' && needsHealth(dependency)) {
        member.state = 'failed';
        member.error = `${name} waits for ${dependency.service} to be healthy, and that failed`;
        return;
      }
    }
    await this.startNow(member);
  }

  private async startNow(member: Member): Promise<void> {
    if (this.closing) return;
    member.state = 'starting';
    member.error = null;
    member.readyAfterMs = null;
    member.startedMs = this.nowMs();
    try {
      await member.runner.start();
      if (this.stateOf(member) !== 'starting') return;
      member.state = 'ready';
      member.readyAfterMs = this.nowMs() - member.startedMs;
    } catch (error) {
      if (this.stateOf(member) !== 'starting') return;
      member.state = 'failed';
      member.error = error instanceof Error ? error.message : String(error);
    }
  }

  /** Read anew: it may have changed while something was awaited. */
  private stateOf(member: Member): ServiceState {
    return member.state;
  }

  private async stopOne(member: Member): Promise<void> {
    if (member.state !== 'ready' && member.state !== 'starting') return;
    member.state = 'stopping';
    try {
      await member.runner.stop();
      member.state = 'stopped';
    } catch (error) {
      // It ended otherwise than it was asked to; the others are to stop all the same.
      member.state = 'failed';
      member.error = error instanceof Error ? error.message : String(error);
    }
  }

  private async close(): Promise<void> {
    await Promise.all([...this.members.values()].map(({ runner }) => runner.close()));
  }
}

/** What `Network.listen` says of a port that another program has. */
const IN_USE = 'is in use already';

/** Says of a port that can't be had whose it is, and in which line. */
async function publish(runner: ServiceRunner): Promise<void> {
  try {
    await runner.publish();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const { name, service } = runner.planned;
    const port = service.ports.find(({ hostPort }) => message.includes(`:${hostPort}:`)) ?? service.ports[0];
    const { file, line } = port?.place ?? service.place;
    const head = `${file}:${line} ${message.includes(IN_USE) ? 'PORT_IN_USE' : 'PORT_UNAVAILABLE'}: ${name}`;
    if (port === undefined || !message.includes(IN_USE))
      throw new Error(`${head}: ${message}`, { cause: error });
    const { hostPort, containerPort } = port;
    const advertise = runner.planned.kind === 'broker' ? ', and advertise that' : '';
    throw new Error(
      `${head} publishes ${hostPort}, which another program listens on already; end that program (lsof -i :${hostPort} names it), ` +
        `or write another port of the machine, such as "${hostPort + 10_000 > 65_535 ? hostPort - 10_000 : hostPort + 10_000}:${containerPort}"${advertise}`,
      { cause: error },
    );
  }
}

/** Waits for all, so that nothing goes on behind the caller's back; what fails, each in a line of its own, is one error. */
async function allOrEachError(promises: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(promises);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [String(result.reason?.message)] : [],
  );
  if (failures.length > 0) throw new Error(failures.join('\n'));
}

function needsHealth(dependency: Dependency): boolean {
  return dependency.condition !== 'service_started';
}
