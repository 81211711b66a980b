import { readProperties } from '../../../wire/properties.ts';
import type { ClientConnection } from '../connection/connection.ts';
import { environmentOf } from './environment.ts';
import { JavaDouble } from './java-text.ts';
import { memberState, metricLines } from '../metrics/metric-lines.ts';
import { observers, resetObservers, votingView, zabState } from './member-bodies.ts';
import { shortOpName, type ServerFacts, type ServerView } from '../server-view.ts';
import { fullVersion } from '../version.ts';

export type Body = Record<string, unknown>;

/** The commands that only tell or reset something: name, short forms, and the answer with the keys that Apache's has. */
export const plainCommands: readonly (readonly [
  name: string,
  aliases: readonly string[],
  run: (server: ServerView) => Body,
])[] = [
  ['configuration', ['conf', 'config'], configuration],
  ['connection_stat_reset', ['crst'], resetConnections],
  ['connections', ['cons'], connections],
  ['dirs', [], directories],
  ['dump', [], dump],
  ['hash', [], digests],
  [
    'initial_configuration',
    ['icfg'],
    ({ initialConfiguration }) => ({ initial_configuration: initialConfiguration }),
  ],
  ['is_read_only', ['isro'], ({ mode }) => ({ read_only: mode === 'read-only' })],
  ['last_snapshot', ['lsnp'], lastSnapshot],
  ['monitor', ['mntr'], monitor],
  ['observer_connection_stat_reset', ['orst'], resetObservers],
  ['observers', ['obsr'], observers],
  ['ruok', [], () => ({})],
  ['server_stats', ['srvr'], serverStats],
  ['stat_reset', ['srst'], resetServer],
  ['stats', ['stat'], stats],
  ['voting_view', [], votingView],
  ['watch_summary', ['wchs'], watchSummary],
  ['watches', ['wchc'], watches],
  ['watches_by_path', ['wchp'], watchesByPath],
];

/** The same for those that answer even while nobody is served. */
export const idleCommands: readonly (readonly [
  name: string,
  aliases: readonly string[],
  run: (facts: ServerFacts, server: ServerView | null) => Body,
])[] = [
  ['environment', ['env', 'envi'], environmentOf],
  ['get_trace_mask', ['gtmk'], ({ traceMask }) => ({ tracemask: traceMask })],
  ['system_properties', ['sysp'], systemProperties],
  ['zabstate', [], (_facts, server) => zabState(server)],
];

function configuration({ config, clientPort, member }: ServerView): Body {
  return {
    client_port: clientPort,
    data_dir: `${config.dataDir}/version-2`,
    data_log_dir: `${config.dataLogDir}/version-2`,
    tick_time: config.tickTimeMs,
    max_client_cnxns: config.maxClientCnxns,
    min_session_timeout: config.minSessionTimeoutMs,
    max_session_timeout: config.maxSessionTimeoutMs,
    server_id: member?.self.id ?? 0,
    client_port_listen_backlog: config.clientPortListenBacklog,
  };
}

function briefly(connection: ClientConnection): Body {
  return {
    remote_socket_address: connection.place,
    interest_ops: connection.isReading ? 1 : 0,
    outstanding_requests: connection.queued,
    packets_received: connection.account.stats.received,
    packets_sent: connection.account.stats.sent,
  };
}

function inFull(connection: ClientConnection): Body {
  const { session } = connection;
  if (session === null) return briefly(connection);
  return {
    ...briefly(connection),
    session_id: session.id,
    last_operation: shortOpName(connection.account.lastOp),
    established: connection.establishedAtMs,
    session_timeout: session.timeoutMs,
    last_cxid: connection.account.lastXid,
    last_zxid: connection.account.lastZxid,
    last_response_time: Math.floor(connection.account.lastResponseAtMs),
    last_latency: Math.floor(connection.account.lastLatencyMs),
    min_latency: connection.account.stats.latencyLeastMs,
    avg_latency: Math.floor(connection.account.stats.latencyAverageMs),
    max_latency: connection.account.stats.latencyMostMs,
  };
}

/** Those without TLS, and those with. */
function bySecurity({ connections }: ServerView): [ClientConnection[], ClientConnection[]] {
  const all = [...connections];
  return [all.filter((one) => !one.isSecure), all.filter((one) => one.isSecure)];
}

function connections(server: ServerView): Body {
  const [plain, secure] = bySecurity(server);
  return { connections: plain.map(inFull), secure_connections: secure.map(inFull) };
}

function resetConnections(server: ServerView): Body {
  for (const connection of server.connections) connection.account.reset();
  return {};
}

function resetServer(server: ServerView): Body {
  server.resetStats();
  return {};
}

function directories({ storage }: ServerView): Body {
  return { datadir_size: storage.snapshotBytes, logdir_size: storage.logBytes };
}

function dump(server: ServerView): Body {
  const sessionIds: Record<string, bigint[]> = {};
  const { sessions, member, mode } = server;
  for (const session of sessions.all()) {
    if (member !== null && mode !== 'leader' && !session.isLocal) continue;
    const at = Math.floor(sessions.expiresAtMs(session));
    (sessionIds[at] ??= []).push(session.id);
  }
  const ephemerals: Record<string, string[]> = {};
  for (const [id, paths] of server.tree.ephemerals) ephemerals[String(id)] = [...paths];
  return {
    expiry_time_to_session_ids: sessionIds,
    session_id_to_ephemeral_paths: ephemerals,
  };
}

function digests({ digestLog }: ServerView): Body {
  return { digests: digestLog.map(({ zxid, digest }) => ({ zxid, digest, digestVersion: 2 })) };
}

function monitor(server: ServerView): Body {
  const lines = Object.fromEntries([...memberState(server), ...metricLines(server)]);
  return { version: fullVersion, server_state: server.mode, ...lines };
}

function serverStats(server: ServerView): Body {
  const { stats, tree } = server;
  const sizes = server.member?.leading?.proposalSizes;
  const responses = {
    last_buffer_size: stats.lastResponseBytes,
    min_buffer_size: stats.leastResponseBytes,
    max_buffer_size: stats.mostResponseBytes,
  };
  return {
    version: fullVersion,
    read_only: server.mode === 'read-only',
    server_stats: {
      packets_sent: stats.sent,
      packets_received: stats.received,
      fsync_threshold_exceed_count: server.storage.slowSyncs,
      client_response_stats: responses,
      uptime: Math.floor(server.clock.monotonicMs() - server.startedAtMs),
      data_dir_size: server.storage.snapshotBytes,
      log_dir_size: server.storage.logBytes,
      provider_null: false,
      last_processed_zxid: tree.lastZxid,
      outstanding_requests: server.outstanding,
      server_state: server.mode,
      avg_latency: new JavaDouble(stats.latencyAverageMs),
      max_latency: stats.latencyMostMs,
      min_latency: stats.latencyLeastMs,
      num_alive_client_connections: server.connections.size,
      auth_failed_count: server.metrics.authFailures,
      non_mtlsremote_conn_count: 0,
      non_mtlslocal_conn_count: 0,
    },
    client_response: responses,
    ...(sizes !== undefined && {
      proposal_stats: {
        last_buffer_size: sizes.last,
        min_buffer_size: sizes.least,
        max_buffer_size: sizes.most,
      },
    }),
    node_count: server.nodeCount,
  };
}

function stats(server: ServerView): Body {
  const [plain, secure] = bySecurity(server);
  return {
    ...serverStats(server),
    connections: plain.map(briefly),
    secure_connections: secure.map(briefly),
  };
}

/** What Apache's parser doesn't take for itself becomes a system property. */
function systemProperties({ environment, initialConfiguration }: ServerFacts): Body {
  const properties: Record<string, string> = {};
  for (const [key, value] of Object.entries(environment))
    if (!key.startsWith('os.memory.')) properties[key] = value;
  for (const { key, value } of readProperties(initialConfiguration ?? ''))
    if (!parserKeys.test(key)) properties[`zookeeper.${key}`] = value;
  return Object.fromEntries(Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const parserKeys =
  /^(dataDir|dataLogDir|(secureC|c)lientPort(Address)?|clientPortListenBacklog|observerMasterPort|tickTime|m(ax|in)SessionTimeout|maxClientCnxns|initLimit|syncLimit|connectToLearnerMasterLimit|electionAlg|peerType|syncEnabled|dynamicConfigFile|reconfigEnabled|standaloneEnabled|localSessions(Upgrading)?Enabled|quorumListenOnAllIPs|autopurge\..*|portUnification|sslQuorum(ReloadCertFiles)?|quorum\..*|multiAddress\..*|metricsProvider\..*|oraclePath|version|(server|group|weight)\..*)$/;

function lastSnapshot({ storage }: ServerView): Body {
  const newest = storage.lastSnapshot;
  return {
    zxid: newest === null ? '-1' : newest.zxid.toString(16),
    timestamp: newest === null ? -1 : Math.floor(newest.modifiedMs / 1000),
  };
}

function watchSummary(server: ServerView): Body {
  const { byPath, byWatcher } = server.tree.watches.dataWatches;
  let total = 0;
  for (const watchers of byPath.values()) total += watchers.size;
  return { num_connections: byWatcher.size, num_paths: byPath.size, num_total_watches: total };
}

function watches(server: ServerView): Body {
  const { byWatcher } = server.tree.watches.dataWatches;
  const sessions: Record<string, string[]> = {};
  for (const connection of server.connections) {
    const paths = byWatcher.get(connection);
    if (paths !== undefined) sessions[String(connection.sessionId)] = [...paths];
  }
  return { session_id_to_watched_paths: sessions };
}

function watchesByPath(server: ServerView): Body {
  const ids = new Map<unknown, bigint>();
  for (const connection of server.connections) ids.set(connection, connection.sessionId);
  const paths: Record<string, bigint[]> = {};
  for (const [path, watchers] of server.tree.watches.dataWatches.byPath)
    paths[path] = [...watchers.keys()].map((watcher) => ids.get(watcher) ?? 0n);
  return { path_to_session_ids: paths };
}
