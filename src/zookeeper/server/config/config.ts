import type { ConfigResult, Problem } from '../../../wire/problem.ts';
import { readProperties, type Property } from '../../../wire/properties.ts';
import type { Hierarchy } from '../../quorum/configuration/quorum-verifier.ts';
import { readHierarchy, type GroupLine } from './hierarchy-lines.ts';
import { securityDefaults, type SecurityConfig } from '../../security/config.ts';
import { securityProblems } from './config-keys-security.ts';
import { keyRules } from './config-keys.ts';
import type { Draft, KeyRule } from './config-rule.ts';
import { SERVER_LINE_FORM, readServerLine, type MemberConfig } from './server-line.ts';

/** What zoo.cfg says, with Apache's defaults for what it leaves out. */
export interface ZooKeeperConfig {
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** 0: a free port (only from programs); -1: none, clients come to the secure port alone. */
  readonly clientPort: number;
  /** '' is every address. */
  readonly clientPortAddress: string;
  /** -1: the system's. */
  readonly clientPortListenBacklog: number;
  readonly tickTimeMs: number;
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** Connections per client address; 0 is no limit. */
  readonly maxClientCnxns: number;
  /** Connections in all; 0 is no limit. */
  readonly maxCnxns: number;
  /** In ticks; of ensembles only. */
  readonly initLimit: number;
  readonly syncLimit: number;
  readonly members: readonly MemberConfig[];
  /** Groups and weights of the members; null: a majority decides. */
  readonly hierarchy: Hierarchy | null;
  /** The zxid of the reconfiguration that brought the members; 0: there was none. */
  readonly configVersion: number;
  readonly reconfigEnabled: boolean;
  /** The file with the server lines; '': they stand in zoo.cfg. */
  readonly dynamicConfigFile: string;
  /** Whether one server is no ensemble. */
  readonly standaloneEnabled: boolean;
  readonly quorumListenOnAllIps: boolean;
  /** Whether servers may have several addresses, and tell each other all of them. */
  readonly multiAddressEnabled: boolean;
  /** Whether connections between those are given up when their address is dead and another isn't. */
  readonly reachabilityCheckEnabled: boolean;
  readonly reachabilityCheckTimeoutMs: number;
  /** How often the election port is tried; 0: until it can be had. */
  readonly electionPortBindRetry: number;
  /** Of connections between servers. */
  readonly tcpKeepAlive: boolean;
  readonly clientTcpKeepAlive: boolean;
  readonly electionConnectTimeoutMs: number;
  /** Who connects to the election port must say so soon who it is; 0 or less: within syncLimit. */
  readonly electionReadTimeoutMs: number;
  /** Pauses between notifications of an election without news. */
  readonly leastNotificationIntervalMs: number;
  readonly mostNotificationIntervalMs: number;
  readonly snapRetainCount: number;
  /** 0: never. */
  readonly purgeIntervalHours: number;
  readonly fourLetterWords: string;
  readonly globalOutstandingLimit: number;
  /** The same at another place in Apache's server; 0 is off. */
  readonly requestThrottleLimit: number;
  readonly preAllocKiB: number;
  readonly snapCount: number;
  readonly snapSizeLimitKiB: number;
  readonly forceSync: boolean;
  readonly fsyncWarningThresholdMs: number;
  readonly juteMaxBuffer: number;
  readonly skipAcl: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly enforceQuota: boolean;
  readonly digestEnabled: boolean;
  readonly snapshotCompression: '' | 'gz' | 'snappy';
  readonly snapshotTrustEmpty: boolean;
  readonly dataDirAutocreate: boolean;
  readonly containerCheckIntervalMs: number;
  readonly containerMaxPerMinute: number;
  readonly containerMaxNeverUsedIntervalMs: number;
  readonly adminEnabled: boolean;
  readonly adminAddress: string;
  readonly adminPort: number;
  readonly adminCommandUrl: string;
  readonly adminIdleTimeoutMs: number;
  readonly adminSnapshotEnabled: boolean;
  /** Least time between two snapshots that administrators ask for, as the key has it. */
  readonly adminRateLimiterIntervalMs: number;
  readonly metricsProvider: string;
  readonly metricsHost: string;
  readonly metricsPort: number;
  readonly sessionlessCnxnTimeoutMs: number;
  /** `super:` and the base64 of SHA-1 of `super:password`; '' is none. */
  readonly superDigest: string;
  readonly digestSchemeEnabled: boolean;
  /** Sessions are kept by the server that they begin at, and no other knows them. */
  readonly localSessionsEnabled: boolean;
  /** They become sessions of the ensemble when they want an ephemeral znode. */
  readonly localSessionsUpgradingEnabled: boolean;
  /** Without a quorum, clients that ask for no more may read. */
  readonly readOnlyModeEnabled: boolean;
  readonly leaderServes: boolean;
  /** Followers take observers in here; 0 or less: they don't, and this server as observer asks the leader. */
  readonly observerMasterPort: number;
  /** In ticks: so long a learner tries to reach its leader; 0: initLimit. */
  readonly connectToLearnerMasterLimit: number;
  readonly observerReconnectDelayMs: number;
  /** Transactions that are kept in memory for learners that were away. */
  readonly commitLogCount: number;
  /** What lies before those comes from the log files, unless it is more than this part of the snapshot; 0: however much; below: never. */
  readonly snapshotSizeFactor: number;
  readonly forceSnapshotSync: boolean;
  readonly maxConcurrentSnapSyncs: number;
  readonly maxConcurrentDiffSyncs: number;
  readonly security: SecurityConfig;
}

export const PROMETHEUS_PROVIDER = 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider';

/** Apache's defaults. `dataDir` has none. */
export const zooKeeperDefaults: ZooKeeperConfig = {
  dataDir: '',
  dataLogDir: '',
  clientPort: 0,
  clientPortAddress: '',
  clientPortListenBacklog: -1,
  tickTimeMs: 3000,
  minSessionTimeoutMs: -1,
  maxSessionTimeoutMs: -1,
  maxClientCnxns: 60,
  maxCnxns: 0,
  initLimit: 0,
  syncLimit: 0,
  members: [],
  hierarchy: null,
  configVersion: 0,
  reconfigEnabled: false,
  dynamicConfigFile: '',
  standaloneEnabled: true,
  quorumListenOnAllIps: false,
  multiAddressEnabled: false,
  reachabilityCheckEnabled: true,
  reachabilityCheckTimeoutMs: 1000,
  electionPortBindRetry: 3,
  tcpKeepAlive: false,
  clientTcpKeepAlive: false,
  electionConnectTimeoutMs: 5000,
  electionReadTimeoutMs: -1,
  leastNotificationIntervalMs: 200,
  mostNotificationIntervalMs: 3200,
  snapRetainCount: 3,
  purgeIntervalHours: 0,
  fourLetterWords: 'srvr',
  globalOutstandingLimit: 1000,
  requestThrottleLimit: 0,
  preAllocKiB: 65536,
  snapCount: 100000,
  snapSizeLimitKiB: 4194304,
  forceSync: true,
  fsyncWarningThresholdMs: 1000,
  juteMaxBuffer: 0xfffff,
  skipAcl: false,
  extendedTypesEnabled: false,
  enforceQuota: false,
  digestEnabled: true,
  snapshotCompression: '',
  snapshotTrustEmpty: false,
  dataDirAutocreate: true,
  containerCheckIntervalMs: 60000,
  containerMaxPerMinute: 10000,
  containerMaxNeverUsedIntervalMs: 0,
  adminEnabled: true,
  adminAddress: '0.0.0.0',
  adminPort: 8080,
  adminCommandUrl: '/commands',
  adminIdleTimeoutMs: 30000,
  adminSnapshotEnabled: true,
  adminRateLimiterIntervalMs: 300000,
  metricsProvider: '',
  metricsHost: '0.0.0.0',
  metricsPort: 7000,
  sessionlessCnxnTimeoutMs: 10000,
  superDigest: '',
  digestSchemeEnabled: true,
  localSessionsEnabled: false,
  localSessionsUpgradingEnabled: false,
  readOnlyModeEnabled: false,
  leaderServes: true,
  observerMasterPort: 0,
  connectToLearnerMasterLimit: 0,
  observerReconnectDelayMs: 0,
  // Apache's is 500: more of them make more snapshots needless.
  commitLogCount: 2000,
  snapshotSizeFactor: 0.33,
  forceSnapshotSync: false,
  maxConcurrentSnapSyncs: 10,
  maxConcurrentDiffSyncs: 100,
  security: securityDefaults,
};

/**
 * Reads zoo.cfg. Every key of Apache's is honoured, or named in a warning when it has no meaning here, or an error when leaving it
 * out would be unsafe (TLS, required authentication). Unknown keys and wrong values are errors.
 */
export function parseZooKeeperConfig(text: string, file: string): ConfigResult<ZooKeeperConfig> {
  return new Parser(file).parse(text);
}

class Parser {
  private readonly file: string;
  private readonly problems: Problem[] = [];
  private readonly config: Draft = { ...zooKeeperDefaults };
  /** Where each key stands. */
  private readonly lines = new Map<string, number>();
  private readonly members: MemberConfig[] = [];
  private readonly groupLines: GroupLine[] = [];

  constructor(file: string) {
    this.file = file;
  }

  parse(text: string): ConfigResult<ZooKeeperConfig> {
    for (const { key, value, line } of readProperties(text)) {
      const entry = { key, value: value.trim(), line };
      if (this.lines.has(entry.key))
        this.warn(
          entry.line,
          'KEY_REPEATED',
          `${entry.key} stands here and in line ${this.lines.get(entry.key)}; the last one counts`,
        );
      this.lines.set(entry.key, entry.line);
      this.entry(entry);
    }
    this.complete();
    const failed = this.problems.some((problem) => problem.severity === 'error');
    return { config: failed ? null : this.config, problems: this.problems };
  }

  private entry(entry: Property): void {
    const { key, value, line } = entry;
    const numbered = /^(server|group|weight)\.(.*)$/.exec(key);
    if (numbered !== null) {
      if (numbered[1] === 'server') this.server(numbered[2]!, entry);
      else this.groupLines.push({ key, value, line });
      return;
    }
    const rule = keyRules.get(key) ?? familyRule(key);
    if (rule === undefined) {
      const near = nearestKey(key);
      this.fail(
        line,
        'KEY_UNKNOWN',
        near === null
          ? `${key} is not a setting of ZooKeeper; remove the line or correct the name`
          : `${key} is not a setting of ZooKeeper; did you mean ${near}?`,
      );
      return;
    }
    const read = rule.type.read(value);
    if (read === null) {
      this.fail(line, 'VALUE_WRONG', `${key} can't be "${value}"; write ${rule.type.allowed}`);
      return;
    }
    this.apply(rule, read, entry);
  }

  private apply(rule: KeyRule, value: string | number | boolean, { key, line }: Property): void {
    switch (rule.meaning) {
      case 'honoured':
        rule.set(this.config, value);
        break;
      case 'moot':
        this.warn(line, 'KEY_WITHOUT_EFFECT', `${key} has no effect here: ${rule.why}`);
        break;
      case 'unserved':
        if (value !== rule.harmless)
          this.fail(
            line,
            'NOT_SERVED',
            `${key} can't be honoured: ${rule.why}; remove the line if you can do without`,
          );
        break;
    }
  }

  private server(id: string, { key, value, line }: Property): void {
    if (!/^\d{1,3}$/.test(id) || Number(id) > 255) {
      this.fail(line, 'SERVER_ID_WRONG', `${key}: a server's number is from 0 to 255, as in server.1`);
      return;
    }
    const member = readServerLine(Number(id), value);
    if (typeof member === 'string')
      this.fail(
        line,
        'SERVER_LINE_WRONG',
        `${key} can't be "${value}": ${member}; write ${SERVER_LINE_FORM}`,
      );
    else {
      this.members.push(member);
      this.lines.set('server', line);
    }
  }

  /** What follows from several keys together. */
  private complete(): void {
    const config = this.config;
    config.members = this.members;
    if (config.dynamicConfigFile !== '' && this.members.length > 0)
      this.fail(
        this.lines.get('dynamicConfigFile') ?? 1,
        'SERVERS_TWICE',
        'the server lines stand here and in the file that dynamicConfigFile names; keep one of the two',
      );
    if (this.members.length > 1 || (this.members.length > 0 && !config.standaloneEnabled)) this.ensemble();
    else if (this.groupLines.length > 0)
      this.warn(
        this.groupLines[0]!.line,
        'KEY_WITHOUT_EFFECT',
        'groups and weights are for ensembles, and this is one server; they have no effect',
      );
    if (!this.config.multiAddressEnabled && this.members.some(({ addresses }) => addresses.length > 1))
      this.fail(
        this.lines.get('server') ?? 1,
        'ADDRESSES_SEVERAL',
        'a server has several addresses (|); write multiAddress.enabled=true, at all servers, once none is older than 3.6',
      );
    const only = this.members.length === 1 ? this.members[0]! : null;
    if (only?.role === 'observer' && config.standaloneEnabled)
      this.fail(
        this.lines.get('server') ?? 1,
        'OBSERVER_ALONE',
        'an observer needs an ensemble that it observes; make it a participant',
      );
    if (only !== null && only.client !== null && !this.lines.has('clientPort')) {
      config.clientPort = only.client.port;
      config.clientPortAddress = only.client.host;
      this.lines.set('clientPort', this.lines.get('server') ?? 1);
    }
    if (config.dataDir === '' && !this.hasError('dataDir'))
      this.fail(1, 'DATA_DIR_MISSING', 'dataDir is missing; write dataDir=/path/to/a/folder');
    if (!this.lines.has('clientPort')) config.clientPort = -1;
    const toldElsewhere =
      config.dynamicConfigFile !== '' || this.members.some(({ client }) => client !== null);
    if (config.clientPort < 0 && config.security.secureClientPort === null && !toldElsewhere)
      this.fail(1, 'CLIENT_PORT_MISSING', 'clientPort is missing; write clientPort=2181');
    for (const [key, needs] of securityProblems(config.security))
      this.fail(this.lines.get(key) ?? 1, 'NEEDS_OTHER_KEY', `${key} needs another key; write ${needs}`);
    if (config.security.secureClientPortAddress !== '' && config.security.secureClientPort === null)
      this.warn(
        this.lines.get('secureClientPortAddress') ?? 1,
        'KEY_WITHOUT_EFFECT',
        'secureClientPortAddress has no effect here: secureClientPort is missing',
      );
    if (config.dataLogDir === '') config.dataLogDir = config.dataDir;
    if (config.minSessionTimeoutMs === -1) config.minSessionTimeoutMs = 2 * config.tickTimeMs;
    if (config.maxSessionTimeoutMs === -1) config.maxSessionTimeoutMs = 20 * config.tickTimeMs;
    if (config.minSessionTimeoutMs > config.maxSessionTimeoutMs) {
      const line = this.lines.get('minSessionTimeout') ?? this.lines.get('maxSessionTimeout') ?? 1;
      this.fail(
        line,
        'SESSION_TIMEOUTS_CROSSED',
        `minSessionTimeout (${config.minSessionTimeoutMs} ms) is above maxSessionTimeout (${config.maxSessionTimeoutMs} ms); exchange them or set both`,
      );
    }
    const retain = this.lines.get('autopurge.snapRetainCount');
    if (retain !== undefined && config.snapRetainCount < 3) {
      this.warn(retain, 'VALUE_RAISED', 'autopurge.snapRetainCount is at least 3, so 3 snapshots are kept');
      config.snapRetainCount = 3;
    }
    const snapCount = this.lines.get('snapCount');
    if (snapCount !== undefined && config.snapCount < 2) {
      this.warn(snapCount, 'VALUE_RAISED', 'snapCount is at least 2, so 2 it is');
      config.snapCount = 2;
    }
    const provider = this.lines.get('metricsProvider.className');
    if (provider !== undefined && !knownProviders.has(config.metricsProvider))
      this.warn(
        provider,
        'KEY_WITHOUT_EFFECT',
        `metricsProvider.className names a Java class that isn't here; write ${PROMETHEUS_PROVIDER} for Prometheus`,
      );
    if (config.superDigest !== '' && !config.superDigest.startsWith('super:'))
      this.fail(
        this.lines.get('DigestAuthenticationProvider.superDigest') ?? 1,
        'VALUE_WRONG',
        'DigestAuthenticationProvider.superDigest begins with "super:", and the base64 of the SHA-1 of super:password follows',
      );
  }

  /** What only several servers together need. */
  private ensemble(): void {
    const line = this.lines.get('server') ?? 1;
    for (const key of ['initLimit', 'syncLimit'] as const)
      if (!this.lines.has(key))
        this.fail(
          line,
          'LIMIT_MISSING',
          `an ensemble needs ${key}; write ${key}=${key === 'initLimit' ? 10 : 5}, in ticks`,
        );
    if (!this.members.some((member) => member.role === 'participant'))
      this.fail(
        line,
        'NO_PARTICIPANT',
        'all servers are observers, and those elect nobody; make some participants',
      );
    const ids = this.members.map((member) => member.id);
    if (new Set(ids).size < ids.length)
      this.fail(line, 'SERVER_REPEATED', 'two server lines have the same number; each server needs its own');
    if (this.groupLines.length === 0) return;
    const hierarchy = readHierarchy(this.groupLines, this.members);
    if ('message' in hierarchy) this.fail(hierarchy.line, 'GROUPS_WRONG', hierarchy.message);
    else this.config.hierarchy = hierarchy;
  }

  private hasError(key: string): boolean {
    const line = this.lines.get(key);
    return (
      line !== undefined &&
      this.problems.some((problem) => problem.line === line && problem.severity === 'error')
    );
  }

  private fail(line: number, code: string, message: string): void {
    this.problems.push({ severity: 'error', file: this.file, line, code, message });
  }

  private warn(line: number, code: string, message: string): void {
    this.problems.push({ severity: 'warning', file: this.file, line, code, message });
  }
}

const knownProviders = new Set([
  PROMETHEUS_PROVIDER,
  'org.apache.zookeeper.metrics.impl.DefaultMetricsProvider',
  'org.apache.zookeeper.metrics.impl.NullMetricsProvider',
]);

/** Whether a zoo.cfg may have this key, numbered lines aside. */
export function knowsKey(key: string): boolean {
  return keyRules.has(key) || familyRule(key) !== undefined;
}

/** Keys whose names end in something of the user's. */
function familyRule(key: string): KeyRule | undefined {
  if (/^authProvider\.[^.]+$/.test(key)) return keyRules.get('authProvider.N');
  if (key.startsWith('superUser.')) return keyRules.get('superUser');
  return undefined;
}

function nearestKey(key: string): string | null {
  let nearest: string | null = null;
  let least = 4;
  for (const known of keyRules.keys()) {
    const distance = editDistance(key.toLowerCase(), known.toLowerCase());
    if (distance < least) {
      least = distance;
      nearest = known;
    }
  }
  return nearest;
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 3) return 99;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(next[j - 1]! + 1, row[j]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}
