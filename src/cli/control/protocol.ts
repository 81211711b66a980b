import type { ServiceStatus } from '../../compose/cluster/service-runner.ts';
import type { LogLine } from '../view/service-log.ts';

/** What commands ask of a running `up`, one JSON object a line. */
export type ControlRequest =
  | { readonly command: 'status' }
  /** Answered when every service is ready or has failed. */
  | { readonly command: 'started' }
  | {
      readonly command: 'logs';
      readonly services: readonly string[];
      readonly tail: number | null;
      readonly follow: boolean;
    }
  | { readonly command: 'kill' | 'restart'; readonly service: string }
  | { readonly command: 'down' };

/** What it answers: any number of lines, then a status, `done` or `failed`, which ends the conversation. */
export type ControlReply =
  | { readonly kind: 'line'; readonly line: LogLine }
  | { readonly kind: 'status'; readonly cluster: ClusterStatus }
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly message: string };

export interface ClusterStatus {
  readonly project: string;
  readonly file: string;
  readonly pid: number;
  readonly startedMs: number;
  readonly services: readonly ServiceStatus[];
}
