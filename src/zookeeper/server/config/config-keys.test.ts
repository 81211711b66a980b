import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parseZooKeeperConfig, zooKeeperDefaults } from './config.ts';

/** Key, type and default of all that zoo.cfg may hold, as Apache's documentation and parser have them. */
const keys: readonly [key: string, type: string, fallback: string][] = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/zookeeper-wire/zoo-keys.json', import.meta.url), 'utf8'),
);

const base: Record<string, string> = { dataDir: '/data', clientPort: '2181' };

/** What a file says that has this key beside those that must be there. */
function parse(key: string, value: string) {
  const entries = { ...base, [key]: value };
  const text = Object.entries(entries).map(([name, of]) => `${name}=${of}`);
  const { config, problems } = parseZooKeeperConfig(text.join('\n'), 'zoo.cfg');
  return { config, codes: problems.map(({ code }) => code), problems };
}

/** A value of that type which is not the default. */
function sample(key: string, type: string, fallback: string): string {
  if (key in samples) return samples[key]!;
  if (type === 'bool') return fallback === 'true' ? 'false' : 'true';
  if (type === 'yes/no') return fallback === 'yes' ? 'no' : 'yes';
  if (type.startsWith('int') || type.startsWith('long')) return '2500';
  if (type === 'float') return '0.5';
  return 'x';
}

const samples: Record<string, string> = {
  'snapshot.compression.method': 'gz',
  'DigestAuthenticationProvider.superDigest': 'super:D/InIHSb7yEEbrWz8b9l71RjZJU=',
  'metricsProvider.className': 'org.apache.zookeeper.metrics.prometheus.PrometheusMetricsProvider',
  electionAlg: '3',
  'authProvider.N': 'org.apache.zookeeper.server.auth.SASLAuthenticationProvider',
  'DigestAuthenticationProvider.digestAlg': 'SHA-256',
  'ssl.protocol': 'TLSv1.2',
  'ssl.enabledProtocols': 'TLSv1.3',
  'ssl.keyStore.type': 'PEM',
  'ssl.trustStore.type': 'JKS',
  'ssl.clientAuth': 'want',
  maxSessionTimeout: '90000',
};

const named = keys
  .filter(([key]) => !/^(server|group|weight)\.N$/.test(key))
  .map(([key, type, fallback]) => ({ key, type, fallback }));

test.each(named)('$key is honoured, warned of or refused', ({ key, type, fallback }) => {
  const { config, codes, problems } = parse(key, sample(key, type, fallback));
  if (config === null) {
    expect(['NOT_SERVED', 'NEEDS_OTHER_KEY']).toContain(codes[0]);
    expect(problems[0]!.message).toMatch(
      /remove the line if you can do without| needs another key; write \S/,
    );
  } else if (codes.length > 0) {
    expect(codes).toEqual(['KEY_WITHOUT_EFFECT']);
    expect(problems[0]!.message).toMatch(/ has no effect here: \w/);
  } else {
    const { config: without } = parse('tickTime', '3000');
    expect(config, 'it changes something').not.toEqual(without);
  }
});

test.each(named.filter(({ type }) => /^(int|long|bool|yes)/.test(type)))(
  '$key takes no nonsense, and says what it takes',
  ({ key }) => {
    const { codes, problems } = parse(key, 'nonsense');
    expect(codes).toEqual(['VALUE_WRONG']);
    expect(problems[0]!.message).toMatch(
      /can't be "nonsense"; write (a whole number|true or false|yes or no)/,
    );
  },
);

test('the security that is not there is refused, and not just warned of', () => {
  for (const key of ['ssl.crl', 'ssl.ocsp', 'ssl.quorum.crl', 'ssl.quorum.ocsp'])
    expect(parse(key, 'true').codes, key).toEqual(['NOT_SERVED']);
  for (const key of ['ssl.context.supplier.class', 'ssl.authProvider'])
    expect(parse(key, 'org.example.Own').codes, key).toEqual(['NOT_SERVED']);
  expect(parse('authProvider.1', 'org.example.Own').codes).toEqual(['VALUE_WRONG']);
  expect(parse('ssl.keyStore.type', 'BCFKS').codes).toEqual(['VALUE_WRONG']);
});

test('security that lacks what it needs is refused, and the sentence says what to write', () => {
  for (const [key, value, needs] of [
    ['secureClientPort', '2182', 'ssl.keyStore.location='],
    ['client.portUnification', 'true', 'ssl.keyStore.location='],
    ['sslQuorum', 'true', 'ssl.quorum.keyStore.location='],
    ['admin.forceHttps', 'true', 'ssl.quorum.keyStore.location='],
    ['sessionRequireClientSASLAuth', 'true', 'authProvider.sasl='],
    ['enforce.auth.enabled', 'true', 'enforce.auth.schemes='],
    ['quorum.auth.enableSasl', 'true', 'java.security.auth.login.config='],
    ['quorum.auth.learnerRequireSasl', 'true', 'quorum.auth.enableSasl=true'],
  ] as const) {
    const { codes, problems } = parse(key, value);
    expect(codes, key).toEqual(['NEEDS_OTHER_KEY']);
    expect(problems[0]!.message).toContain(`${key} needs another key; write ${needs}`);
  }
});

test('the defaults are those of Apache', () => {
  const { config } = parse('tickTime', '3000');
  const known: Record<string, unknown> = { ...config };
  const fields: Record<string, keyof typeof zooKeeperDefaults> = {
    maxClientCnxns: 'maxClientCnxns',
    'autopurge.snapRetainCount': 'snapRetainCount',
    globalOutstandingLimit: 'globalOutstandingLimit',
    preAllocSize: 'preAllocKiB',
    snapCount: 'snapCount',
    snapSizeLimitInKb: 'snapSizeLimitKiB',
    'fsync.warningthresholdms': 'fsyncWarningThresholdMs',
    'nio.sessionlessCnxnTimeout': 'sessionlessCnxnTimeoutMs',
    'znode.container.checkIntervalMs': 'containerCheckIntervalMs',
    'znode.container.maxPerMinute': 'containerMaxPerMinute',
    'admin.serverAddress': 'adminAddress',
    'admin.serverPort': 'adminPort',
    'admin.idleTimeout': 'adminIdleTimeoutMs',
    'admin.commandURL': 'adminCommandUrl',
    'admin.rateLimiterIntervalInMS': 'adminRateLimiterIntervalMs',
    'metricsProvider.httpPort': 'metricsPort',
    'metricsProvider.httpHost': 'metricsHost',
    extendedTypesEnabled: 'extendedTypesEnabled',
    enforceQuota: 'enforceQuota',
    'digest.enabled': 'digestEnabled',
    'datadir.autocreate': 'dataDirAutocreate',
    reconfigEnabled: 'reconfigEnabled',
  };
  for (const [key, , fallback] of keys) {
    const field = fields[key];
    if (field !== undefined) expect(String(known[field]), key).toBe(fallback);
  }
});
