import type { PlannedService } from '../plan.ts';
import type { PublishedPort } from './service-runner.ts';

/** What a service's process is told at its birth. It holds nothing but what a pipe can carry. */
export interface ProcessPlan {
  readonly name: string;
  readonly kind: PlannedService['kind'];
  /** zoo.cfg or server.properties. */
  readonly text: string;
  readonly file: string;
  readonly myid: string | null;
  readonly hostname: string;
  /** Its address for other services, and the one that is localhost for itself. */
  readonly address: string;
  readonly localhost: string;
  /** The addresses of all services by all their names. */
  readonly names: readonly (readonly [name: string, address: string])[];
  readonly extraHosts: readonly (readonly [name: string, address: string])[];
  readonly mounts: readonly { readonly inside: string; readonly machine: string }[];
  /** Where whatever no mount covers is kept. */
  readonly root: string;
  readonly ports: readonly PublishedPort[];
  readonly isVerbose: boolean;
}

export type ToProcess =
  | { readonly kind: 'plan'; readonly plan: ProcessPlan }
  | { readonly kind: 'start' }
  | { readonly kind: 'knowsCluster'; readonly brokers: number }
  | { readonly kind: 'stop' };

export type FromProcess =
  | { readonly kind: 'published'; readonly ports: readonly PublishedPort[] }
  | { readonly kind: 'ready' }
  | { readonly kind: 'clusterKnown' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'failed'; readonly message: string }
  /** It had been ready, and can't go on. */
  | { readonly kind: 'died'; readonly message: string }
  | {
      readonly kind: 'log';
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
      readonly fields: LogFieldsOfPipe;
    };

export type LogFieldsOfPipe = Readonly<Record<string, string | number | boolean | null>>;
