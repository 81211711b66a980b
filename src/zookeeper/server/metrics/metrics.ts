import type { advancedSummaryNames, basicSummaryNames, counterNames } from './metric-names.ts';
import { Summary } from './stats.ts';

/** What happened since the start or since `srst`, beside the connections' counters. */
export class ServerMetrics {
  authFailures = 0;
  revalidations = 0;
  connectionRequests = 0;
  connectionsRejected = 0;
  connectionsDropped = 0;
  sessionlessExpired = 0;
  staleSessionsExpired = 0;
  throttled = 0;
  watchBytes = 0;
  digestMismatches = 0;
  snapshotErrors = 0;
  snapshotsRefused = 0;
  readonly readLatency = new Summary();
  readonly updateLatency = new Summary();
  readonly syncTime = new Summary();
  readonly batchSize = new Summary();
  /** Of opening the storage. */
  readonly recoveryTime = new Summary();

  reset(): void {
    this.authFailures = 0;
    this.revalidations = 0;
    this.connectionRequests = 0;
    this.connectionsRejected = 0;
    this.connectionsDropped = 0;
    this.sessionlessExpired = 0;
    this.staleSessionsExpired = 0;
    this.throttled = 0;
    this.watchBytes = 0;
    this.snapshotErrors = 0;
    this.snapshotsRefused = 0;
    for (const summary of Object.values(this.summaries)) summary.reset();
  }

  /** Those counters of Apache's that are counted here, beside the ones in `Stats`. */
  get counters(): Partial<Record<(typeof counterNames)[number], number>> {
    return {
      connection_rejected: this.connectionsRejected,
      sessionless_connections_expired: this.sessionlessExpired,
      connection_drop_count: this.connectionsDropped,
      request_throttle_wait_count: this.throttled,
      connection_revalidate_count: this.revalidations,
      connection_request_count: this.connectionRequests,
      stale_sessions_expired: this.staleSessionsExpired,
      watch_bytes: this.watchBytes,
      digest_mismatches_count: this.digestMismatches,
      snapshot_error_count: this.snapshotErrors,
      snapshot_rate_limited_count: this.snapshotsRefused,
    };
  }

  get summaries(): Partial<
    Record<(typeof basicSummaryNames)[number] | (typeof advancedSummaryNames)[number], Summary>
  > {
    return {
      fsynctime: this.syncTime,
      sync_processor_batch_size: this.batchSize,
      sync_processor_queue_flush_time_ms: this.syncTime,
      dbinittime: this.recoveryTime,
      readlatency: this.readLatency,
      updatelatency: this.updateLatency,
    };
  }
}
