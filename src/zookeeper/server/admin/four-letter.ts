import type { ClientConnection } from '../connection/connection.ts';
import { environmentOf } from './environment.ts';
import { javaDate, javaDouble } from './java-text.ts';
import { memberState, metricLines } from '../metrics/metric-lines.ts';
import { hex, shortOpName, type ServerView } from '../server-view.ts';
import { fullVersion } from '../version.ts';
import type { FourLetterWord } from './words.ts';

/**
 * What Apache's server answers to a four-letter word, character by character. `argument` is what stood right behind it. An empty
 * answer: the connection closes without one.
 */
export function answerWord(server: ServerView, word: FourLetterWord, argument: Buffer): string {
  switch (word) {
    case 'ruok':
      return 'imok';
    case 'isro':
      return server.mode === 'read-only' ? 'ro' : 'rw';
    case 'gtmk':
      return String(server.traceMask);
    case 'stmk':
      if (argument.length < 8) return '';
      server.traceMask = argument.readBigInt64BE(0);
      return String(server.traceMask);
    case 'srvr':
      return serverText(server, '');
    case 'stat':
      return serverText(server, `Clients:\n${[...server.connections].map(briefly).join('')}\n`);
    case 'srst':
      server.resetStats();
      return 'Server stats reset.\n';
    case 'crst':
      for (const connection of server.connections) connection.account.reset();
      return 'Connection stats reset.\n';
    case 'conf':
      return configurationText(server);
    case 'cons':
      return `${[...server.connections].map(inFull).join('')}\n`;
    case 'dirs':
      return `datadir_size: ${server.storage.snapshotBytes}\nlogdir_size: ${server.storage.logBytes}\n`;
    case 'dump':
      return dumpText(server);
    case 'envi':
      return `Environment:\n${lines(Object.entries(environmentOf(server)))}`;
    case 'hash':
      return server.digestLog
        .map(({ zxid, digest }) => `${hex(zxid).slice(2)}: ${hex(digest).slice(2)}\n`)
        .join('');
    case 'mntr':
      return monitorText(server);
    case 'wchs':
      return watchSummary(server);
    case 'wchc':
      return watchesBySession(server);
    case 'wchp':
      return watchesByPath(server);
  }
}

function lines(entries: Iterable<readonly [string, string | number]>): string {
  return [...entries].map(([key, value]) => `${key}=${value}\n`).join('');
}

function serverText(server: ServerView, clients: string): string {
  const { stats, tree } = server;
  const sizes = server.member?.leading?.proposalSizes;
  const proposals =
    sizes === undefined ? '' : `Proposal sizes last/min/max: ${sizes.last}/${sizes.least}/${sizes.most}\n`;
  const readOnly = server.mode === 'read-only' ? 'READ-ONLY mode; serving only read-only clients\n' : '';
  const latency = `${stats.latencyLeastMs}/${javaDouble(stats.latencyAverageMs)}/${stats.latencyMostMs}`;
  return (
    `Zookeeper version: ${fullVersion}\n${readOnly}${clients}Latency min/avg/max: ${latency}\n` +
    `Received: ${stats.received}\nSent: ${stats.sent}\nConnections: ${server.connections.size}\n` +
    `Outstanding: ${server.outstanding}\nZxid: ${hex(tree.lastZxid)}\nMode: ${server.mode}\nNode count: ${server.nodeCount}\n${proposals}`
  );
}

function configurationText(server: ServerView): string {
  const { config, storage, member } = server;
  const own = lines([
    ['clientPort', server.clientPort],
    ['secureClientPort', server.secureClientPort],
    ['dataDir', `${config.dataDir}/version-2`],
    ['dataDirSize', storage.snapshotBytes],
    ['dataLogDir', `${config.dataLogDir}/version-2`],
    ['dataLogSize', storage.logBytes],
    ['tickTime', config.tickTimeMs],
    ['maxClientCnxns', config.maxClientCnxns],
    ['minSessionTimeout', config.minSessionTimeoutMs],
    ['maxSessionTimeout', config.maxSessionTimeoutMs],
    ['clientPortListenBacklog', config.clientPortListenBacklog],
    ['serverId', member?.self.id ?? 0],
  ]);
  if (member === null) return own;
  const { quorumPort, electionPort } = member.self.addresses[0]!;
  const ofEnsemble = lines([
    ['initLimit', config.initLimit],
    ['syncLimit', config.syncLimit],
    ['electionAlg', 3],
    ['electionPort', electionPort],
    ['quorumPort', quorumPort],
    ['peerType', member.self.role === 'observer' ? 1 : 0],
  ]);
  const membership = server.mode === 'read-only' ? '' : `membership: \n${member.configText}`;
  return `${own}${ofEnsemble}${membership}`;
}

function place(connection: ClientConnection): string {
  return ` /${connection.place}[${connection.isReading ? 1 : 0}](queued=${connection.queued},recved=${connection.account.stats.received},sent=${connection.account.stats.sent}`;
}

function briefly(connection: ClientConnection): string {
  return `${place(connection)})\n`;
}

function inFull(connection: ClientConnection): string {
  const { session, account } = connection;
  if (session === null) return briefly(connection);
  const cxid = account.lastXid >= 0 ? `,lcxid=${hex(account.lastXid)}` : '';
  return (
    `${place(connection)},sid=${hex(session.id)},lop=${shortOpName(account.lastOp)},est=${connection.establishedAtMs}` +
    `,to=${session.timeoutMs}${cxid},lzxid=${hex(account.lastZxid)},lresp=${Math.floor(account.lastResponseAtMs)}` +
    `,llat=${Math.floor(account.lastLatencyMs)},minlat=${account.stats.latencyLeastMs},avglat=${Math.floor(account.stats.latencyAverageMs)},maxlat=${account.stats.latencyMostMs})\n`
  );
}

/** Monotonic deadlines as dates, each with what ends then. */
function deadlines(server: ServerView, name: string, ends: readonly (readonly [number, string])[]): string {
  const wallOffsetMs = server.clock.wallMs() - server.clock.monotonicMs();
  const buckets = new Map<number, string[]>();
  for (const [atMs, what] of ends) {
    const bucket = buckets.get(atMs);
    if (bucket === undefined) buckets.set(atMs, [what]);
    else bucket.push(what);
  }
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const shown = sorted.map(
    ([atMs, whats]) =>
      `${whats.length} expire at ${javaDate(atMs + wallOffsetMs)}:\n${whats.map((what) => `\t${what}\n`).join('')}`,
  );
  return `${name} Sets (${sorted.length})/(${ends.length}):\n${shown.join('')}`;
}

/** Learners leave the end of the ensemble's sessions to their leader. */
function sessionsText(server: ServerView): string {
  const { config, member, sessions, tree } = server;
  const expiring = (isLocal: boolean): string =>
    deadlines(
      server,
      'Session',
      [...sessions.all()]
        .filter((session) => session.isLocal === isLocal)
        .map((session) => [sessions.expiresAtMs(session), hex(session.id)] as const),
    );
  const local = member !== null && config.localSessionsEnabled ? `Local ${expiring(true)}` : '';
  if (member === null) return expiring(false);
  if (server.mode === 'leader') return local === '' ? expiring(false) : `${local}Global ${expiring(false)}`;
  const known = [...tree.sessions].sort(([a], [b]) => (a < b ? -1 : 1));
  const list = known.map(([id, timeoutMs]) => `${hex(id)}\t${timeoutMs}ms\n`).join('');
  return `${local}Global Sessions(${known.length}):\n${list}`;
}

function dumpText(server: ServerView): string {
  const ephemerals = [...server.tree.ephemerals].filter(([, paths]) => paths.size > 0);
  const connections = [...server.connections].map((connection) => {
    const { session } = connection;
    const deadlineMs =
      session === null
        ? connection.openedAtMs + server.config.sessionlessCnxnTimeoutMs
        : session.touchedAtMs + session.timeoutMs;
    const bucketMs = (Math.floor(deadlineMs / 1000) + 1) * 1000;
    return [bucketMs, `ip: /${connection.place} sessionId: ${hex(connection.sessionId)}`] as const;
  });
  return (
    `SessionTracker dump:\n${sessionsText(server)}` +
    `ephemeral nodes dump:\nSessions with Ephemerals (${ephemerals.length}):\n` +
    ephemerals
      .map(([id, paths]) => `${hex(id)}:\n${[...paths].map((path) => `\t${path}\n`).join('')}`)
      .join('') +
    `Connections dump:\n${deadlines(server, 'Connections', connections)}`
  );
}

function monitorText(server: ServerView): string {
  const lines = metricLines(server).map(([name, value]) => `zk_${name}\t${value}\n`);
  const state = memberState(server).map(([name, value]) => `zk_${name}\t${value}\n`);
  return `zk_version\t${fullVersion}\nzk_server_state\t${server.mode}\n${state.join('')}${lines.join('')}`;
}

function watchSummary(server: ServerView): string {
  const { byPath, byWatcher } = server.tree.watches.dataWatches;
  let total = 0;
  for (const watchers of byPath.values()) total += watchers.size;
  return `${byWatcher.size} connections watching ${byPath.size} paths\nTotal watches:${total}\n`;
}

function watchesBySession(server: ServerView): string {
  const { byWatcher } = server.tree.watches.dataWatches;
  const sessions = [...server.connections].filter((connection) => byWatcher.has(connection));
  return `${sessions
    .map(
      (connection) =>
        `${hex(connection.sessionId)}\n${[...(byWatcher.get(connection) ?? [])].map((path) => `\t${path}\n`).join('')}`,
    )
    .join('')}\n`;
}

function watchesByPath(server: ServerView): string {
  const { byPath } = server.tree.watches.dataWatches;
  const ids = new Map<unknown, string>();
  for (const connection of server.connections) ids.set(connection, hex(connection.sessionId));
  return `${[...byPath]
    .map(
      ([path, watchers]) =>
        `${path}\n${[...watchers.keys()].map((watcher) => `\t${ids.get(watcher) ?? '0x0'}\n`).join('')}`,
    )
    .join('')}\n`;
}
