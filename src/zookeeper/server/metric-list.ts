import type { ServerView } from './server-view.ts';
import type { Summary } from './stats.ts';

export interface Metric {
  /** As Apache's, without `zk_`. */
  readonly name: string;
  readonly kind: 'gauge' | 'counter' | 'summary';
  readonly value: number | Summary;
}

/** What `mntr`, the admin server's `monitor` and Prometheus are told, in the order of `mntr`. */
export function listMetrics(server: ServerView): Metric[] {
  const { stats, metrics, tree, sessions } = server;
  const gauge = (name: string, value: number): Metric => ({ name, kind: 'gauge', value });
  const counter = (name: string, value: number): Metric => ({ name, kind: 'counter', value });
  const summary = (name: string, value: Summary): Metric => ({ name, kind: 'summary', value });
  return [
    gauge('ephemerals_count', tree.ephemeralCount),
    gauge('num_alive_connections', server.connections.size),
    gauge('avg_latency', stats.latencyAverageMs),
    gauge('outstanding_requests', server.outstanding),
    gauge('znode_count', tree.nodeCount),
    gauge('global_sessions', sessions.size),
    gauge('non_mtls_remote_conn_count', 0),
    gauge('last_client_response_size', stats.lastResponseBytes),
    gauge('packets_sent', stats.sent),
    gauge('packets_received', stats.received),
    gauge('max_client_response_size', stats.mostResponseBytes),
    gauge('connection_drop_probability', 0),
    gauge('watch_count', tree.watches.size),
    gauge('auth_failed_count', metrics.authFailures),
    gauge('min_latency', stats.latencyLeastMs),
    gauge('approximate_data_size', tree.approximateDataSize),
    gauge('local_sessions', 0),
    gauge('uptime', Math.floor(server.clock.monotonicMs() - server.startedAtMs)),
    gauge('max_latency', stats.latencyMostMs),
    gauge('outstanding_tls_handshake', 0),
    gauge('min_client_response_size', stats.leastResponseBytes),
    gauge('non_mtls_local_conn_count', 0),
    counter('throttled_ops', 0),
    counter('insecure_admin_count', 0),
    counter('connection_rejected', metrics.connectionsRejected),
    counter('sessionless_connections_expired', metrics.sessionlessExpired),
    counter('connection_drop_count', metrics.connectionsDropped),
    counter('bytes_received_count', stats.bytesReceived),
    counter('request_throttle_wait_count', metrics.throttled),
    counter('response_bytes', stats.responseBytes),
    counter('connection_revalidate_count', metrics.revalidations),
    counter('large_requests_rejected', metrics.largeRequestsRejected),
    counter('connection_request_count', metrics.connectionRequests),
    counter('stale_sessions_expired', metrics.staleSessionsExpired),
    summary('fsynctime', metrics.syncTime),
    summary('sync_processor_batch_size', metrics.batchSize),
    summary('updatelatency', metrics.updateLatency),
    summary('readlatency', metrics.readLatency),
  ];
}
