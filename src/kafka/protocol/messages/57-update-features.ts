import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * UpdateFeatures (57): sets the versions of features of the cluster (KIP-584).
 *
 * - v1: upgradeType and validateOnly, no more allowDowngrade; unsafe downgrades and validation (KIP-778).
 * - v2: response: no more results; no results for single features.
 */
export const updateFeatures = api({
  key: 57,
  name: 'UpdateFeatures',
  versions: [0, 2],
  flexible: 0,
  request: {
    timeoutMs: int32({ default: 60_000 }),
    featureUpdates: array(
      struct({
        feature: string(),
        maxVersionLevel: int16(),
        allowDowngrade: bool({ until: 0 }),
        upgradeType: int8({ since: 1, default: 1 }),
      }),
    ),
    validateOnly: bool({ since: 1 }),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: nullable(string()),
    results: array(
      struct({
        feature: string(),
        errorCode: int16(),
        errorMessage: nullable(string()),
      }),
      { until: 1, ignorable: true },
    ),
  },
});
