import type { Endpoint, Listener } from '../../runtime/runtime.ts';
import type { PlannedService } from '../plan.ts';

/** One service that can be started, stopped and killed, wherever it runs: in this process or in one of its own. */
export interface ServiceRunner {
  readonly planned: PlannedService;
  /** Takes the machine's ports. Rejects with a sentence when one can't be had. */
  publish(): Promise<void>;
  /** Where clients on this machine find the service; after `publish`. */
  readonly published: readonly PublishedPort[];
  /** Resolves when it serves. Rejects when it can't. */
  start(): Promise<void>;
  /** After `start` of a broker: resolves when clients are told of so many brokers and of all topics, or when that takes too long. */
  knowsCluster(brokers: number): Promise<void>;
  /** Clean, as SIGTERM: a broker moves its leaders first. */
  stop(): Promise<void>;
  /** As SIGKILL: nothing is told, nothing is flushed. */
  kill(): void;
  /** Hears when the service ends by itself. */
  died: (reason: string) => void;
  /** Gives the machine's ports back; nothing starts after it. */
  close(): Promise<void>;
}

export interface PublishedPort {
  /** `localhost`: 127.0.0.1, and ::1 where there is one. */
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

/** What a service wants published: on this machine's localhost unless its file names an address. */
export function publishedPorts(planned: PlannedService): PublishedPort[] {
  return planned.service.ports
    .filter((port) => port.protocol === 'tcp')
    .map(({ hostAddress, hostPort, containerPort }) => ({
      hostAddress: hostAddress === '' ? 'localhost' : hostAddress,
      hostPort,
      containerPort,
    }));
}

/**
 * Listens for a published port. Clients that look localhost up may get ::1 first, so it is taken, too; that may fail.
 * @returns the listeners, and the port that was had.
 */
export async function listenPublished(
  { hostAddress, hostPort, containerPort }: PublishedPort,
  listen: (at: Endpoint) => Promise<Listener>,
): Promise<{ listeners: Listener[]; port: PublishedPort }> {
  const first = await listen({
    host: hostAddress === 'localhost' ? '127.0.0.1' : hostAddress,
    port: hostPort,
  });
  const port = first.endpoint.port;
  const second = hostAddress === 'localhost' ? await listen({ host: '::1', port }).catch(() => null) : null;
  return {
    listeners: second === null ? [first] : [first, second],
    port: { hostAddress, hostPort: port, containerPort },
  };
}

export type ServiceState = 'waiting' | 'starting' | 'ready' | 'stopping' | 'stopped' | 'killed' | 'failed';

export interface ServiceStatus {
  readonly name: string;
  readonly kind: PlannedService['kind'];
  readonly state: ServiceState;
  readonly published: readonly PublishedPort[];
  /** ms from start to ready; null until then. */
  readonly readyAfterMs: number | null;
  /** Why it failed; null when it didn't. */
  readonly error: string | null;
}
