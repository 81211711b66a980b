import { api } from '../api.ts';
import { array, bool, int16, int32, int64, string, struct } from '../schema.ts';

/**
 * ApiVersions (18): which APIs and versions a broker serves. The first thing that clients ask.
 *
 * - v1: response: throttleTimeMs.
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: clientSoftwareName and clientSoftwareVersion; response: supportedFeatures, finalizedFeaturesEpoch,
 *   finalizedFeatures and zkMigrationReady; flexible; who the client is (KIP-511); features (KIP-584).
 * - v4: features may begin at version 0 (KIP-1022).
 */
export const apiVersions = api({
  key: 18,
  name: 'ApiVersions',
  versions: [0, 4],
  flexible: 3,
  request: {
    clientSoftwareName: string({ since: 3, ignorable: true }),
    clientSoftwareVersion: string({ since: 3, ignorable: true }),
  },
  response: {
    errorCode: int16(),
    apiKeys: array(
      struct({
        apiKey: int16(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
    ),
    throttleTimeMs: int32({ since: 1, ignorable: true }),
    supportedFeatures: array(
      struct({
        name: string(),
        minVersion: int16(),
        maxVersion: int16(),
      }),
      { since: 3, tag: 0, ignorable: true },
    ),
    finalizedFeaturesEpoch: int64({ since: 3, tag: 1, default: -1, ignorable: true }),
    finalizedFeatures: array(
      struct({
        name: string(),
        maxVersionLevel: int16(),
        minVersionLevel: int16(),
      }),
      { since: 3, tag: 2, ignorable: true },
    ),
    zkMigrationReady: bool({ since: 3, tag: 3, ignorable: true }),
  },
});
