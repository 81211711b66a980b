import type { Listener, Log } from '../../runtime/runtime.ts';
import type { Host, Refusal, VirtualNetwork } from '../../runtime/virtual/virtual-network.ts';
import { mapMounts } from '../../runtime/virtual/mapped-files.ts';
import type { PlannedService } from '../plan.ts';
import { placeOfKey } from '../plan.ts';
import { extraHostsOf, mountsOf, rootOf } from './host-paths.ts';
import type { PublishedPort, ServiceRunner } from './service-runner.ts';
import { listenPublished, publishedPorts } from './service-runner.ts';
import type { RunningServer, Starters } from './starters.ts';
import { startServer } from './starters.ts';

/** A service as a host of a virtual network, in this process. */
export class VirtualRunner implements ServiceRunner {
  readonly planned: PlannedService;
  died: (reason: string) => void = () => {};
  private readonly host: Host;
  private readonly starters: Starters;
  private readonly log: Log;
  private server: RunningServer | null = null;
  /** Ends what waits for the server, which will not go on. */
  /** Published ports whose refusals the log knows of: clients try again several times a second. */
  private readonly told = new Set<number>();
  private abort: (reason: Error) => void = () => {};
  private aborted = new Promise<never>(() => {});
  private listeners: Listener[] = [];
  private readonly ports: PublishedPort[];

  constructor(
    planned: PlannedService,
    projectFolder: string,
    network: VirtualNetwork,
    starters: Starters,
    log: Log,
  ) {
    this.planned = planned;
    this.starters = starters;
    this.log = log;
    this.ports = publishedPorts(planned);
    const { aliases, hostname } = planned;
    const named = planned.service.networks;
    this.host = network.host(planned.name, {
      hostName: hostname,
      networks: (named.length === 0 ? ['default'] : named.map(({ name }) => name)).map((name) => ({
        network: name,
        aliases: [...aliases, hostname],
      })),
      extraHosts: extraHostsOf(planned),
      mapFile: mapMounts(mountsOf(planned, projectFolder), rootOf(planned, projectFolder)),
      crashed: (error) => this.crashed(error),
      log,
    });
  }

  get published(): readonly PublishedPort[] {
    return this.ports;
  }

  async publish(): Promise<void> {
    if (this.listeners.length > 0) return;
    for (const [index, wanted] of this.ports.entries()) {
      const { listeners, port } = await listenPublished(wanted, (at) =>
        this.host.publish(at, wanted.containerPort, (refusal) => this.refused(refusal)),
      );
      this.listeners.push(...listeners);
      this.ports[index] = port;
    }
  }

  async start(): Promise<void> {
    if (!this.host.alive) this.host.restart();
    this.aborted = new Promise((_, reject) => (this.abort = reject));
    this.aborted.catch(() => undefined); // nobody may be waiting
    await this.publish();
    try {
      const starting = startServer(this.planned, this.host.runtime, this.starters);
      const server = await Promise.race([starting, this.aborted]);
      this.server = server;
      void server.ended?.then((reason) => this.serverEnded(server, reason));
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  async knowsCluster(brokers: number): Promise<void> {
    await Promise.race([this.server?.knowsCluster?.(brokers), this.aborted]);
  }

  async stop(): Promise<void> {
    try {
      await Promise.race([this.server?.stop(), this.aborted]);
    } finally {
      this.kill();
    }
  }

  private refused(refusal: Refusal): void {
    const sentence = refusalSentence(this.planned, refusal);
    if (this.told.has(refusal.publishedPort)) this.log.debug(sentence);
    else this.log.warn(sentence);
    this.told.add(refusal.publishedPort);
  }

  kill(): void {
    this.told.clear();
    this.server = null;
    this.listeners = [];
    this.host.kill();
    this.abort(new Error(`${this.planned.name} was killed`));
  }

  close(): Promise<void> {
    this.kill();
    return Promise.resolve();
  }

  /** A mistake in a server, which would end a process of its own: it ends this service, and the others go on. */
  private crashed(error: unknown): void {
    const wasServing = this.server !== null;
    const reason = crashSentence(error);
    this.log.error(reason);
    this.abort(new Error(reason));
    this.kill();
    if (wasServing) this.died(reason);
  }

  private serverEnded(server: RunningServer, reason: Error | null): void {
    if (this.server !== server || reason === null) return;
    this.kill();
    this.log.error(reason.message);
    this.died(reason.message);
  }
}

/** With where it happened, for a report. */
function crashSentence(error: unknown): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const frames =
    error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line)) : [];
  const where = frames.slice(0, 3).map((line) => line.trim());
  return `ended by a mistake in gregor itself, please report it: ${[what, ...where].join(' ')}`;
}

/** With the line that is to be changed, where that is known. */
function refusalSentence(planned: PlannedService, { message, containerPort, loopbackOnly }: Refusal): string {
  if (!loopbackOnly || planned.kind !== 'broker') return message;
  const listener = planned.config?.listeners.find(({ port }) => port === containerPort);
  if (listener === undefined) return message;
  const { file, line } = placeOfKey(planned, 'listeners');
  return `${message} That is line ${line} of ${file}: write ${listener.name}://0.0.0.0:${containerPort} in KAFKA_LISTENERS, and gregor down and up again.`;
}
