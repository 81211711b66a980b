import { brokerEntries, topicEntries, type ConfigEntry } from '../../broker/config/config-entries.ts';
import type { ConfigType } from '../../broker/config/config-key.ts';
import { Settings, ConfigSource } from '../../broker/config/settings.ts';
import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf } from '../../protocol/api.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import { describeConfigs } from '../../protocol/messages/32-describe-configs.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf } from '../answers.ts';
import { resolveResource, type ConfigResource } from './config-resource.ts';

const typeCodes: Record<ConfigType, number> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

type Resource = RequestOf<typeof describeConfigs>['resources'][number];

/** DescribeConfigs (32): topics on any broker, a broker's own, and what is set for all brokers. */
export function describeConfigsApi(deps: AdminDeps): ServedApi {
  return serve(
    describeConfigs,
    async (request, { apiVersion }) => {
      const results = await Promise.all(
        request.resources.map((resource) => describe(deps, resource, request.includeSynonyms, apiVersion)),
      );
      return { throttleTimeMs: 0, results };
    },
    {
      errorResponse: (request, errorCode, errorMessage) => ({
        throttleTimeMs: 0,
        results: request.resources.map(({ resourceType, resourceName }) => ({
          resourceType,
          resourceName,
          errorCode,
          errorMessage,
          configs: [],
        })),
      }),
    },
  );
}

async function describe(deps: AdminDeps, resource: Resource, includeSynonyms: boolean, apiVersion: number) {
  const { resourceType, resourceName, configurationKeys } = resource;
  try {
    const entries = await entriesOf(deps, await resolveResource(deps, resourceType, resourceName));
    const wanted =
      configurationKeys === null || configurationKeys.length === 0
        ? entries
        : entries.filter(({ name }) => configurationKeys.includes(name));
    return {
      resourceType,
      resourceName,
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      configs: wanted.map((entry) => ({
        name: entry.name,
        value: entry.value,
        readOnly: entry.isReadOnly,
        ...(apiVersion === 0 ? { isDefault: entry.isDefault } : {}), // later versions have sources instead
        configSource: entry.source,
        isSensitive: entry.isSensitive,
        synonyms: includeSynonyms
          ? entry.synonyms.map(({ name, text, source }) => ({ name, value: text, source }))
          : [],
        configType: typeCodes[entry.type],
        documentation: null,
      })),
    };
  } catch (error) {
    const answer = answerOf(error, deps.runtime.log, `The config of ${resourceName} could not be read.`);
    return { resourceType, resourceName, ...answer, configs: [] };
  }
}

async function entriesOf(deps: AdminDeps, resource: ConfigResource): Promise<ConfigEntry[]> {
  const { settings } = deps.config();
  if (resource.kind === 'topic') {
    return topicEntries(await deps.zk.readConfig(`topics/${resource.topic}`), settings);
  }
  if (resource.kind === 'broker') return brokerEntries(settings);
  const forAll = new Settings(new Map(), new Map(), await deps.zk.readConfig('brokers/<default>'));
  return brokerEntries(forAll)
    .filter(({ name }) => forAll.clusterDefault.has(name))
    .map((entry) => ({
      ...entry,
      synonyms: entry.synonyms.filter(({ source }) => source === ConfigSource.dynamicDefaultBroker),
    }));
}
