import type { ClientConnection } from './connection.ts';
import { environmentOf } from './environment.ts';
import { listMetrics } from './metric-list.ts';
import { hex, javaDate, shortOpName, type ServerView } from './server-view.ts';
import { fullVersion } from './version.ts';

type Body = Record<string, unknown>;
type Run = (server: ServerView) => Body;

/** Name, its short forms, and what it answers, as Apache's admin server has them. */
export const adminCommands: readonly (readonly [name: string, aliases: readonly string[], run: Run])[] = [
  ['configuration', ['conf', 'config'], configuration],
  ['connections', ['cons'], connections],
  ['connection_stat_reset', ['crst'], resetConnections],
  ['dirs', [], directories],
  ['dump', [], dump],
  ['environment', ['env', 'envi'], environmentOf],
  ['get_trace_mask', ['gtmk'], () => ({ tracemask: 306 })],
  ['hash', [], digests],
  ['initial_configuration', ['icfg'], () => ({ initial_configuration: null })],
  ['is_read_only', ['isro'], () => ({ read_only: false })],
  ['leader', ['lead'], () => ({ is_leader: false, leader_id: -1, leader_ip: '' })],
  ['monitor', ['mntr'], monitor],
  ['observers', ['obsr'], () => ({ synced_observers: 0, observers: [] })],
  ['ruok', [], () => ({})],
  ['server_stats', ['srvr'], serverStats],
  ['stat_reset', ['srst'], resetServer],
  ['stats', ['stat'], stats],
  ['voting_view', ['voting'], () => ({ current_config: {} })],
  ['watch_summary', ['wchs'], watchSummary],
  ['watches', ['wchc'], watches],
  ['watches_by_path', ['wchp'], watchesByPath],
];

export function findAdminCommand(name: string): { name: string; run: Run } | undefined {
  const found = adminCommands.find(([full, aliases]) => full === name || aliases.includes(name));
  return found === undefined ? undefined : { name: found[0], run: found[2] };
}

function configuration({ config, clientPort, storage }: ServerView): Body {
  return {
    client_port: clientPort,
    data_dir: `${config.dataDir}/version-2`,
    data_dir_size: storage.snapshotBytes,
    data_log_dir: `${config.dataLogDir}/version-2`,
    data_log_size: storage.logBytes,
    tick_time: config.tickTimeMs,
    max_client_cnxns: config.maxClientCnxns,
    min_session_timeout: config.minSessionTimeoutMs,
    max_session_timeout: config.maxSessionTimeoutMs,
    server_id: 0,
    client_port_listen_backlog: config.clientPortListenBacklog,
  };
}

function oneConnection(connection: ClientConnection): Body {
  const base = {
    remote_socket_address: connection.place,
    interest_ops: connection.isReading ? 1 : 0,
    outstanding_requests: connection.queued,
    packets_received: connection.stats.received,
    packets_sent: connection.stats.sent,
  };
  const { session } = connection;
  if (session === null) return base;
  return {
    ...base,
    session_id: session.id,
    last_operation: shortOpName(connection.lastOp),
    established: javaDate(connection.establishedAtMs),
    session_timeout: session.timeoutMs,
    last_cxid: hex(connection.lastXid),
    last_zxid: hex(connection.lastZxid),
    last_response_time: Math.floor(connection.lastResponseAtMs),
    last_latency: Math.floor(connection.lastLatencyMs),
    min_latency: connection.stats.latencyLeastMs,
    avg_latency: Math.floor(connection.stats.latencyAverageMs),
    max_latency: connection.stats.latencyMostMs,
  };
}

function connections(server: ServerView): Body {
  return { connections: [...server.connections].map(oneConnection), secure_connections: [] };
}

function resetConnections(server: ServerView): Body {
  for (const connection of server.connections) connection.stats.reset();
  return {};
}

function resetServer(server: ServerView): Body {
  server.stats.reset();
  return {};
}

function directories({ storage }: ServerView): Body {
  return { datadir_size: storage.snapshotBytes, logdir_size: storage.logBytes };
}

function dump(server: ServerView): Body {
  const wallOffsetMs = server.clock.wallMs() - server.clock.monotonicMs();
  const sessionIds: Record<string, bigint[]> = {};
  for (const session of server.sessions.all()) {
    const at = Math.floor(server.sessions.expiresAtMs(session) + wallOffsetMs);
    (sessionIds[at] ??= []).push(session.id);
  }
  const ephemerals: Record<string, string[]> = {};
  for (const [id, paths] of server.tree.ephemerals) ephemerals[String(id)] = [...paths];
  return {
    expiry_time_to_session_ids: sessionIds,
    session_id_to_ephemeral_paths: ephemerals,
    num_connections: server.connections.size,
  };
}

function digests({ digestLog }: ServerView): Body {
  return { digests: digestLog.map(({ zxid, digest }) => ({ zxid, digest, digestVersion: 2 })) };
}

function monitor(server: ServerView): Body {
  const body: Body = { version: fullVersion, server_state: server.mode };
  for (const { name, value } of listMetrics(server)) {
    if (typeof value === 'number') body[name] = value;
    else {
      body[`avg_${name}`] = value.count === 0 ? 0 : Math.round((value.sum / value.count) * 1e4) / 1e4;
      body[`min_${name}`] = value.least;
      body[`max_${name}`] = value.most;
      body[`cnt_${name}`] = value.count;
      body[`sum_${name}`] = value.sum;
    }
  }
  return body;
}

function serverStats(server: ServerView): Body {
  const { stats: counters, tree } = server;
  return {
    version: fullVersion,
    read_only: false,
    server_stats: {
      packets_sent: counters.sent,
      packets_received: counters.received,
      fsync_threshold_exceed_count: 0,
      client_response_stats: {
        last_buffer_size: counters.lastResponseBytes,
        min_buffer_size: counters.leastResponseBytes,
        max_buffer_size: counters.mostResponseBytes,
      },
      server_state: server.mode,
      provider_null: false,
      num_alive_client_connections: server.connections.size,
      outstanding_requests: server.outstanding,
      min_latency: counters.latencyLeastMs,
      avg_latency: counters.latencyAverageMs,
      max_latency: counters.latencyMostMs,
      data_dir_size: server.storage.snapshotBytes,
      log_dir_size: server.storage.logBytes,
      last_processed_zxid: tree.lastZxid,
      uptime: Math.floor(server.clock.monotonicMs() - server.startedAtMs),
    },
    client_response: {
      last_buffer_size: counters.lastResponseBytes,
      min_buffer_size: counters.leastResponseBytes,
      max_buffer_size: counters.mostResponseBytes,
    },
    node_count: tree.nodeCount,
  };
}

function stats(server: ServerView): Body {
  return { ...serverStats(server), ...connections(server) };
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
