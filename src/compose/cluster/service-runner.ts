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
  /** After `start` of a broker: resolves when clients are told of so many brokers, or when that takes too long. */
  awaitBrokers(count: number): Promise<void>;
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
  readonly hostAddress: string;
  readonly hostPort: number;
  readonly containerPort: number;
}

/** What a service wants published: on 127.0.0.1 unless its file names an address. */
export function publishedPorts(planned: PlannedService): PublishedPort[] {
  return planned.service.ports
    .filter((port) => port.protocol === 'tcp')
    .map(({ hostAddress, hostPort, containerPort }) => ({
      hostAddress: hostAddress === '' ? '127.0.0.1' : hostAddress,
      hostPort,
      containerPort,
    }));
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
