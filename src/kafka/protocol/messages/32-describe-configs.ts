import { api } from '../api.ts';
import { array, bool, int16, int32, int8, nullable, string, struct } from '../schema.ts';

/**
 * DescribeConfigs (32): configurations of topics, brokers and other resources (KIP-133).
 *
 * - v1: includeSynonyms; response: configSource and synonyms, no more isDefault; where a value comes from, and what
 *   it hides (KIP-226).
 * - v2: throttled answers are sent before the wait (KIP-219).
 * - v3: includeDocumentation; response: configType and documentation; types and documentation (KIP-569).
 * - v4: flexible.
 */
export const describeConfigs = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [0, 4],
  flexible: 4,
  request: {
    resources: array(
      struct({
        resourceType: int8(),
        resourceName: string(),
        configurationKeys: nullable(array(string())),
      }),
    ),
    includeSynonyms: bool({ since: 1 }),
    includeDocumentation: bool({ since: 3 }),
  },
  response: {
    throttleTimeMs: int32(),
    results: array(
      struct({
        errorCode: int16(),
        errorMessage: nullable(string()),
        resourceType: int8(),
        resourceName: string(),
        configs: array(
          struct({
            name: string(),
            value: nullable(string()),
            readOnly: bool(),
            isDefault: bool({ until: 0 }),
            configSource: int8({ since: 1, default: -1, ignorable: true }),
            isSensitive: bool(),
            synonyms: array(
              struct({
                name: string(),
                value: nullable(string()),
                source: int8(),
              }),
              { since: 1, ignorable: true },
            ),
            configType: int8({ since: 3, ignorable: true }),
            documentation: nullable(string({ since: 3, ignorable: true })),
          }),
        ),
      }),
    ),
  },
});
