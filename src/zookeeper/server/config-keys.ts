import {
  anyText,
  bool,
  decimal,
  host,
  oneOf,
  path,
  port,
  text,
  whole,
  wholeAnyBase,
  yesNo,
  type ValueType,
} from './config-values.ts';
import type { ZooKeeperConfig } from './config.ts';

type Value = string | number | boolean;
type Draft = { -readonly [K in keyof ZooKeeperConfig]: ZooKeeperConfig[K] };

/** What becomes of a key of zoo.cfg. */
export type KeyRule =
  | {
      readonly key: string;
      readonly type: ValueType<Value>;
      readonly meaning: 'honoured';
      set(config: Draft, value: Value): void;
    }
  /** Has no meaning here: a warning says why. */
  | { readonly key: string; readonly type: ValueType<Value>; readonly meaning: 'moot'; readonly why: string }
  /** Going on without it would be unsafe or wrong: an error, unless it has its harmless value. */
  | {
      readonly key: string;
      readonly type: ValueType<Value>;
      readonly meaning: 'unserved';
      readonly harmless: Value | null;
      readonly why: string;
    };

function honoured<F extends keyof ZooKeeperConfig>(
  key: string,
  field: F,
  type: ValueType<ZooKeeperConfig[F] & Value>,
): KeyRule {
  return {
    key,
    type,
    meaning: 'honoured',
    set: (config, value) => Object.assign(config, { [field]: value }),
  };
}

function moot(key: string, type: ValueType<Value>, why: string): KeyRule {
  return { key, type, meaning: 'moot', why };
}

function unserved(key: string, type: ValueType<Value>, harmless: Value | null, why: string): KeyRule {
  return { key, type, meaning: 'unserved', harmless, why };
}

const why = {
  java: 'it tunes threads or buffers of the Java server',
  ensemble: "it tunes Apache's ensembles, and those here do without it",
  sending: 'sending and closing never hold anything up here',
  tls: "it is for TLS, which isn't served yet",
  scheme: "it belongs to an authentication scheme that isn't served yet",
  throttle:
    'connections and requests are bounded by maxClientCnxns, maxCnxns, globalOutstandingLimit and requestThrottleLimit',
};

/** Every key that Apache's 3.9 knows, numbered lines aside (see `server-line.ts`). */
const rules: readonly KeyRule[] = [
  honoured('dataDir', 'dataDir', path),
  honoured('dataLogDir', 'dataLogDir', path),
  honoured('clientPort', 'clientPort', whole(1, 65535)),
  honoured('clientPortAddress', 'clientPortAddress', host),
  unserved('secureClientPort', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), null, "TLS isn't served yet"),
  moot('secureClientPortAddress', anyText, why.tls),
  honoured('clientPortListenBacklog', 'clientPortListenBacklog', whole(-1)),
  honoured('observerMasterPort', 'observerMasterPort', whole(-1, 65535)),
  honoured('tickTime', 'tickTimeMs', whole(1, 0x7fffffff, 'ms')),
  honoured('minSessionTimeout', 'minSessionTimeoutMs', whole(-1, 0x7fffffff, 'ms')),
  honoured('maxSessionTimeout', 'maxSessionTimeoutMs', whole(-1, 0x7fffffff, 'ms')),
  honoured('maxClientCnxns', 'maxClientCnxns', whole(0)),
  honoured('maxCnxns', 'maxCnxns', whole(0)),
  honoured('initLimit', 'initLimit', whole(1, 0x7fffffff, 'ticks')),
  honoured('syncLimit', 'syncLimit', whole(1, 0x7fffffff, 'ticks')),
  honoured('connectToLearnerMasterLimit', 'connectToLearnerMasterLimit', whole(0, 0x7fffffff, 'ticks')),
  moot('electionAlg', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('peerType', anyText, why.ensemble),
  moot('syncEnabled', bool, why.ensemble),
  unserved('dynamicConfigFile', anyText, null, "ensembles aren't served that way yet"),
  honoured('reconfigEnabled', 'reconfigEnabled', bool),
  unserved('standaloneEnabled', bool, true, "a quorum of one isn't served yet"),
  honoured('localSessionsEnabled', 'localSessionsEnabled', bool),
  honoured('localSessionsUpgradingEnabled', 'localSessionsUpgradingEnabled', bool),
  moot('quorumListenOnAllIPs', bool, why.ensemble),
  honoured('autopurge.snapRetainCount', 'snapRetainCount', whole(0)),
  honoured('autopurge.purgeInterval', 'purgeIntervalHours', whole(0, 0x7fffffff, 'hours')),
  moot('portUnification', bool, why.tls),
  unserved('sslQuorum', bool, false, "ensembles aren't served that way yet"),
  moot('sslQuorumReloadCertFiles', bool, why.tls),
  unserved('quorum.auth.enableSasl', bool, false, "ensembles aren't served that way yet"),
  unserved('quorum.auth.learnerRequireSasl', bool, false, "ensembles aren't served that way yet"),
  unserved('quorum.auth.serverRequireSasl', bool, false, "ensembles aren't served that way yet"),
  moot('quorum.auth.learner.saslLoginContext', anyText, why.ensemble),
  moot('quorum.auth.server.saslLoginContext', anyText, why.ensemble),
  moot('quorum.auth.kerberos.servicePrincipal', anyText, why.ensemble),
  moot('quorum.cnxn.threads.size', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('multiAddress.enabled', bool, why.ensemble),
  moot('multiAddress.reachabilityCheckEnabled', bool, why.ensemble),
  moot('multiAddress.reachabilityCheckTimeoutMs', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  honoured('metricsProvider.className', 'metricsProvider', text),
  honoured('metricsProvider.httpHost', 'metricsHost', host),
  honoured('metricsProvider.httpPort', 'metricsPort', port),
  moot('metricsProvider.exportJvmInfo', bool, 'there is no Java machine to tell of'),
  moot('metricsProvider.numWorkerThreads', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('metricsProvider.maxQueueSize', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('metricsProvider.workerShutdownTimeoutMs', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('oraclePath', anyText, why.ensemble),
  honoured('4lw.commands.whitelist', 'fourLetterWords', anyText),
  honoured('globalOutstandingLimit', 'globalOutstandingLimit', whole(1)),
  honoured('preAllocSize', 'preAllocKiB', whole(1, 0x3fffff, 'KiB')),
  honoured('snapCount', 'snapCount', whole(0)),
  honoured('snapSizeLimitInKb', 'snapSizeLimitKiB', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER, 'KiB')),
  moot(
    'txnLogSizeLimitInKb',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'the log rolls with each snapshot; snapSizeLimitInKb bounds it',
  ),
  honoured('commitLogCount', 'commitLogCount', whole(-0x7fffffff)),
  honoured('snapshotSizeFactor', 'snapshotSizeFactor', decimal()),
  honoured('forceSync', 'forceSync', yesNo),
  honoured('fsync.warningthresholdms', 'fsyncWarningThresholdMs', whole(0, 0x7fffffff, 'ms')),
  honoured('jute.maxbuffer', 'juteMaxBuffer', wholeAnyBase(1024)),
  moot(
    'jute.maxbuffer.extrasize',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'records that were once accepted are always read back',
  ),
  honoured('skipACL', 'skipAcl', yesNo),
  honoured('leaderServes', 'leaderServes', yesNo),
  moot('cnxTimeout', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('quorumCnxnTimeoutMs', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('electionPortBindRetry', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot(
    'maxTimeToWaitForEpoch',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'a leader waits for its epoch no longer than initLimit',
  ),
  moot('tcpKeepAlive', bool, why.ensemble),
  moot('clientTcpKeepAlive', bool, 'dead clients are found by their session timeout'),
  honoured('observer.reconnectDelayMs', 'observerReconnectDelayMs', whole(0, 0x7fffffff, 'ms')),
  moot('observer.election.DelayMs', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('fastleader.minNotificationInterval', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  moot('fastleader.maxNotificationInterval', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  honoured('extendedTypesEnabled', 'extendedTypesEnabled', bool),
  moot('emulate353TTLNodes', bool, "the TTL layout of 3.5.3 alone isn't read"),
  honoured('enforceQuota', 'enforceQuota', bool),
  honoured('digest.enabled', 'digestEnabled', bool),
  honoured('snapshot.compression.method', 'snapshotCompression', oneOf('', 'gz', 'snappy')),
  honoured('snapshot.trust.empty', 'snapshotTrustEmpty', bool),
  moot('serializeLastProcessedZxid.enabled', bool, 'snapshots always end with the last zxid'),
  moot('closeSessionTxn.enabled', bool, 'closeSession transactions always list their ephemerals'),
  honoured('forceSnapshotSync', 'forceSnapshotSync', bool),
  honoured('datadir.autocreate', 'dataDirAutocreate', bool),
  moot('db.autocreate', bool, why.ensemble),
  moot(
    'maxResponseCacheSize',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'answers are made straight from the tree, which is faster than a cache',
  ),
  moot(
    'maxGetChildrenResponseCacheSize',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'answers are made straight from the tree, which is faster than a cache',
  ),
  moot('watchManagerName', anyText, why.java),
  moot('watcherCleanThreadsNum', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('watcherCleanThreshold', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('watcherCleanIntervalInSeconds', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('maxInProcessingDeadWatchers', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('bitHashCacheSize', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot(
    'flushDelay',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'one sync always serves all transactions that wait for it',
  ),
  moot(
    'maxWriteQueuePollTime',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'one sync always serves all transactions that wait for it',
  ),
  moot('maxBatchSize', whole(1), 'one sync always serves all transactions that wait for it'),
  honoured('requestThrottleLimit', 'requestThrottleLimit', whole(0)),
  moot('requestThrottleStallTime', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('requestThrottleDropStale', bool, why.throttle),
  moot('requestStaleLatencyCheck', bool, why.throttle),
  moot('requestStaleConnectionCheck', bool, why.throttle),
  moot('request_throttler.shutdownTimeout', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('throttledOpWaitTime', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connectionMaxTokens', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connectionTokenFillTime', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connectionTokenFillCount', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connectionFreezeTime', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connectionDropIncrease', decimal(), why.throttle),
  moot('connectionDropDecrease', decimal(), why.throttle),
  moot('connectionDecreaseRatio', decimal(), why.throttle),
  moot('connection_throttle_weight_enabled', bool, why.throttle),
  moot(
    'connection_throttle_global_session_weight',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    why.throttle,
  ),
  moot('connection_throttle_local_session_weight', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('connection_throttle_renew_session_weight', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('largeRequestMaxBytes', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('largeRequestThreshold', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.throttle),
  moot('advancedFlowControlEnabled', bool, why.java),
  moot('enableEagerACLCheck', bool, why.ensemble),
  honoured('maxConcurrentSnapSyncs', 'maxConcurrentSnapSyncs', whole(1)),
  honoured('maxConcurrentDiffSyncs', 'maxConcurrentDiffSyncs', whole(1)),
  // As Apache's server reads them; its manual leaves the first word out.
  honoured('leader.maxConcurrentSnapSyncs', 'maxConcurrentSnapSyncs', whole(1)),
  honoured('leader.maxConcurrentDiffSyncs', 'maxConcurrentDiffSyncs', whole(1)),
  moot(
    'leader.maxTimeToWaitForEpoch',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'a leader waits for its epoch no longer than initLimit',
  ),
  moot('leader.ackLoggingFrequency', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot(
    'leaderConnectDelayDuringRetryMs',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'a leader that is not ready yet is tried again at once, then ever more slowly',
  ),
  moot(
    'observerMaster.sizeLimit',
    whole(-0x7fffffff, Number.MAX_SAFE_INTEGER),
    'observers are brought up to date from the same transactions as followers; see commitLogCount',
  ),
  moot('learner.asyncSending', bool, why.sending),
  moot('learner.closeSocketAsync', bool, why.sending),
  moot('leader.closeSocketAsync', bool, why.sending),
  moot('forward_learner_requests_to_commit_processor_disabled', bool, why.ensemble),
  moot('serverCnxnFactory', anyText, 'there is one kind of connection here'),
  moot('nio.numSelectorThreads', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('nio.numWorkerThreads', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  honoured('nio.sessionlessCnxnTimeout', 'sessionlessCnxnTimeoutMs', whole(1, 0x7fffffff, 'ms')),
  moot('commitProcessor.numWorkerThreads', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('commitProcessor.maxReadBatchSize', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  moot('commitProcessor.maxCommitBatchSize', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.java),
  honoured('znode.container.checkIntervalMs', 'containerCheckIntervalMs', whole(1, 0x7fffffff, 'ms')),
  honoured('znode.container.maxPerMinute', 'containerMaxPerMinute', whole(1)),
  honoured(
    'znode.container.maxNeverUsedIntervalMs',
    'containerMaxNeverUsedIntervalMs',
    whole(0, 0x7fffffff, 'ms'),
  ),
  honoured('admin.enableServer', 'adminEnabled', bool),
  honoured('admin.serverAddress', 'adminAddress', host),
  honoured('admin.serverPort', 'adminPort', port),
  honoured('admin.idleTimeout', 'adminIdleTimeoutMs', whole(1, 0x7fffffff, 'ms')),
  honoured('admin.commandURL', 'adminCommandUrl', text),
  moot('admin.portUnification', bool, why.tls),
  unserved('admin.forceHttps', bool, false, "TLS isn't served yet"),
  unserved('admin.needClientAuth', bool, false, "TLS isn't served yet"),
  honoured('admin.snapshot.enabled', 'adminSnapshotEnabled', bool),
  moot(
    'admin.restore.enabled',
    bool,
    'the restore command is always off; put the snapshot into dataDir and start anew',
  ),
  honoured('admin.rateLimiterIntervalInMS', 'adminRateLimiterIntervalMs', whole(0)),
  unserved('audit.enable', bool, false, "the audit log isn't served yet"),
  moot('audit.impl.class', anyText, "the audit log isn't served yet"),
  honoured('DigestAuthenticationProvider.superDigest', 'superDigest', text),
  unserved('DigestAuthenticationProvider.digestAlg', anyText, 'SHA1', 'only SHA1 is served'),
  honoured('DigestAuthenticationProvider.enabled', 'digestSchemeEnabled', bool),
  moot(
    'IPAuthenticationProvider.usexforwardedfor',
    bool,
    'the admin server has no commands that need authentication',
  ),
  moot('X509AuthenticationProvider.superUser', anyText, why.scheme),
  moot('superUser', anyText, why.scheme),
  moot('authProvider.N', anyText, why.scheme),
  moot('ssl.authProvider', anyText, why.tls),
  moot('ensembleAuthName', anyText, why.ensemble),
  unserved('sessionRequireClientSASLAuth', bool, false, "SASL isn't served yet, so nobody could connect"),
  unserved('enforce.auth.enabled', bool, false, "required authentication isn't served yet"),
  moot('enforce.auth.schemes', anyText, why.scheme),
  moot('kerberos.removeHostFromPrincipal', bool, why.scheme),
  moot('kerberos.removeRealmFromPrincipal', bool, why.scheme),
  moot('kerberos.canonicalizeHostNames', bool, why.scheme),
  moot('ssl.keyStore.location', anyText, why.tls),
  moot('ssl.keyStore.password', anyText, why.tls),
  moot('ssl.keyStore.passwordPath', anyText, why.tls),
  moot('ssl.keyStore.type', anyText, why.tls),
  moot('ssl.trustStore.location', anyText, why.tls),
  moot('ssl.trustStore.password', anyText, why.tls),
  moot('ssl.trustStore.passwordPath', anyText, why.tls),
  moot('ssl.trustStore.type', anyText, why.tls),
  moot('ssl.protocol', anyText, why.tls),
  moot('ssl.enabledProtocols', anyText, why.tls),
  moot('ssl.ciphersuites', anyText, why.tls),
  moot('ssl.context.supplier.class', anyText, why.tls),
  moot('ssl.hostnameVerification', bool, why.tls),
  moot('ssl.crl', bool, why.tls),
  moot('ssl.ocsp', bool, why.tls),
  moot('ssl.clientAuth', anyText, why.tls),
  moot('ssl.handshakeDetectionTimeoutMillis', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.tls),
  moot('ssl.sslProvider', anyText, why.tls),
  moot('client.portUnification', bool, why.tls),
  moot('client.certReload', bool, why.tls),
  moot('netty.server.outstandingHandshake.limit', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.tls),
  moot('netty.server.earlyDropSecureConnectionHandshakes', bool, why.tls),
  moot('follower.skipLearnerRequestToNextProcessor', bool, why.ensemble),
  moot('messageTracker.Enabled', bool, why.ensemble),
  moot('messageTracker.BufferSize', whole(-0x7fffffff, Number.MAX_SAFE_INTEGER), why.ensemble),
  honoured('readonlymode.enabled', 'readOnlyModeEnabled', bool),
];

export const keyRules: ReadonlyMap<string, KeyRule> = new Map(rules.map((rule) => [rule.key, rule]));
