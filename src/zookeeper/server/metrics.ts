import { Summary } from './stats.ts';

/** What happened since the start, beside the connections' counters. */
export class ServerMetrics {
  authFailures = 0;
  revalidations = 0;
  connectionRequests = 0;
  connectionsRejected = 0;
  connectionsDropped = 0;
  sessionlessExpired = 0;
  staleSessionsExpired = 0;
  largeRequestsRejected = 0;
  throttled = 0;
  readonly readLatency = new Summary();
  readonly updateLatency = new Summary();
  readonly syncTime = new Summary();
  readonly batchSize = new Summary();
}
