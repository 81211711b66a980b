import { LIMIT_NOT_SET, type QuotaNumbers } from '../../tree/quota/quota.ts';
import { advancedSummaryNames, basicSummaryNames, counterNames } from './metric-names.ts';
import type { MemberConfig } from '../config/server-line.ts';
import type { ServerView } from '../server-view.ts';
import { Summary } from './stats.ts';

export type Metric = { /** As Apache's, without `zk_`. */ readonly name: string } & (
  | {
      readonly kind: 'gauge';
      readonly value: number;
      /** Java has it as a double, and shows decimals. */
      readonly isDouble?: boolean;
      /** Of a set of gauges, such as the quota of each top-level znode. */
      readonly key?: string;
    }
  | { readonly kind: 'counter'; readonly value: number }
  | { readonly kind: 'summary'; readonly value: Summary; readonly isAdvanced: boolean }
);

const nothing = new Summary();

/** What `mntr`, the admin server's `monitor` and Prometheus are told, in the order of `mntr`. */
export function listMetrics(server: ServerView): Metric[] {
  return [...gauges(server), ...quotaGauges(server), ...counters(server), ...summaries(server)];
}

function gauges(server: ServerView): Metric[] {
  const { stats, metrics, tree, sessions, member } = server;
  const leading = member?.leading ?? null;
  const learners = leading?.learners();
  const sizes = leading?.proposalSizes;
  const facts = server.processFacts();
  const nowMs = server.clock.monotonicMs();
  const values: [name: string, value: number | undefined, isDouble?: boolean][] = [
    ['ephemerals_count', tree.ephemeralCount],
    ['num_alive_connections', server.connections.size],
    ['avg_latency', stats.latencyAverageMs, true],
    ['min_proposal_size', sizes?.least],
    ['outstanding_requests', server.outstanding],
    ['znode_count', server.nodeCount],
    ['global_sessions', tree.sessions.size],
    ['non_mtls_remote_conn_count', 0],
    ['last_client_response_size', stats.lastResponseBytes],
    ['packets_sent', stats.sent],
    ['packets_received', stats.received],
    ['max_proposal_size', sizes?.most],
    ['max_client_response_size', stats.mostResponseBytes],
    ['synced_followers', learners?.followers],
    ['connection_drop_probability', 0, true],
    ['watch_count', tree.watches.size],
    ['synced_non_voting_followers', learners?.nonVoting],
    ['synced_observers', learners?.observers ?? member?.observers()?.length],
    ['auth_failed_count', metrics.authFailures],
    ['min_latency', stats.latencyLeastMs],
    ['max_file_descriptor_count', facts?.maxFiles],
    ['approximate_data_size', tree.approximateDataSize],
    ['open_file_descriptor_count', facts?.openFiles],
    ['last_proposal_size', sizes?.last],
    ['pending_syncs', leading?.pendingSyncs],
    ['leader_uptime', leading === null ? undefined : Math.floor(nowMs - leading.sinceMs)],
    ['local_sessions', sessions.localCount],
    ['uptime', Math.floor(nowMs - server.startedAtMs)],
    ['max_latency', stats.latencyMostMs],
    ['outstanding_tls_handshake', 0],
    ['learners', learners?.all],
    ['min_client_response_size', stats.leastResponseBytes],
    ['non_mtls_local_conn_count', 0],
    ['quorum_size', server.mode === 'read-only' ? undefined : member?.members.filter(isVoter).length],
  ];
  return values.flatMap(([name, value, isDouble = false]): Metric[] =>
    value === undefined ? [] : [{ kind: 'gauge', name, value, isDouble }],
  );
}

/** A top-level znode's quotas and use, those of quotas below it included. */
function quotaGauges({ tree }: ServerView): Metric[] {
  const told: [name: string, of: (limits: QuotaNumbers, stats: QuotaNumbers) => number][] = [
    ['quota_bytes_limit_per_namespace', ({ bytes, byteHardLimit }) => limit(byteHardLimit, bytes)],
    ['quota_count_usage_per_namespace', (_, stats) => stats.count],
    ['quota_count_limit_per_namespace', ({ count, countHardLimit }) => limit(countHardLimit, count)],
    ['quota_bytes_usage_per_namespace', (_, stats) => stats.bytes],
  ];
  return told.flatMap(([name, of]) => {
    const byKey = new Map<string, number>();
    for (const path of tree.quotaPaths()) {
      const quota = tree.quotaAround(path);
      const value = quota === null ? LIMIT_NOT_SET : of(quota.limits, quota.stats);
      const key = path.split('/', 2)[1]!;
      if (value !== LIMIT_NOT_SET) byKey.set(key, (byKey.get(key) ?? 0) + value);
    }
    return [...byKey].map(([key, value]): Metric => ({ kind: 'gauge', name, key, value }));
  });
}

function limit(hard: number, soft: number): number {
  return hard === LIMIT_NOT_SET ? soft : hard;
}

function counters({ stats, metrics, member }: ServerView): Metric[] {
  const counted: Partial<Record<string, number>> = {
    ...metrics.counters,
    ...member?.stats.counters,
    bytes_received_count: stats.bytesReceived,
    response_bytes: stats.responseBytes,
  };
  return counterNames.map((name) => ({ kind: 'counter', name, value: counted[name] ?? 0 }));
}

function summaries({ metrics, member }: ServerView): Metric[] {
  const kept: Partial<Record<string, Summary>> = { ...metrics.summaries, ...member?.stats.summaries };
  const of = (name: (typeof basicSummaryNames | typeof advancedSummaryNames)[number], isAdvanced: boolean) =>
    ({ kind: 'summary', name, value: kept[name] ?? nothing, isAdvanced }) as const;
  return [
    ...basicSummaryNames.map((name) => of(name, false)),
    ...advancedSummaryNames.map((name) => of(name, true)),
  ];
}

const isVoter = ({ role }: MemberConfig): boolean => role === 'participant';
