import { getCiphers } from 'node:tls';
import { TlsError } from '../../tls.ts';

const known = new Set(getCiphers());

/** OpenSSL's names for standard ones. Throws a TlsError for one that isn't there. */
export function opensslSuites(suites: readonly string[]): string {
  return suites.map(opensslSuite).join(':');
}

function opensslSuite(suite: string): string {
  // Those of TLS 1.3 have one name.
  if (known.has(suite.toLowerCase()) && !suite.includes('_WITH_')) return suite;
  const [, exchange, cipher, hash] = /^TLS_(\w+)_WITH_(\w+?)(?:_(SHA\d*))?$/.exec(suite) ?? [];
  if (exchange !== undefined && cipher !== undefined) {
    const name = [
      ...(exchange === 'RSA' ? [] : [exchange.replaceAll('_', '-')]),
      cipher
        .replace(/^AES_(\d+)/, 'AES$1')
        .replace(/_CBC$/, '')
        .replaceAll('_', '-'),
      ...(hash === undefined || cipher.startsWith('CHACHA20') ? [] : [hash]),
    ].join('-');
    if (known.has(name.toLowerCase())) return name;
  }
  throw new TlsError(
    `the cipher suite ${suite} isn't supported here; take TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, say, or leave ciphersuites out`,
  );
}
