import { brokerKeys } from '../../broker/config/broker-keys.ts';
import type { ConfigKey } from '../../broker/config/config-key.ts';
import { topicText, type Settings } from '../../broker/config/settings.ts';
import { topicKeys } from '../../broker/config/topic-keys.ts';
import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf } from '../../protocol/api.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { incrementalAlterConfigs } from '../../protocol/messages/44-incremental-alter-configs.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { repeated } from '../answers.ts';
import { changeEach, checkConfig, refuseEach, storeConfig } from './config-change.ts';
import { entityOf, resolveResource, type ConfigResource } from './config-resource.ts';

const Operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

type Resource = RequestOf<typeof incrementalAlterConfigs>['resources'][number];
type Change = Resource['configs'][number];

/** IncrementalAlterConfigs (44): changes single keys and leaves the others (KIP-339). */
export function incrementalAlterConfigsApi(deps: AdminDeps): ServedApi {
  return serve(
    incrementalAlterConfigs,
    async ({ resources, validateOnly }) => ({
      throttleTimeMs: 0,
      responses: await changeEach(deps, resources, (resource) => change(deps, resource, validateOnly)),
    }),
    {
      errorResponse: ({ resources }, errorCode, errorMessage) => ({
        throttleTimeMs: 0,
        responses: refuseEach(resources, errorCode, errorMessage),
      }),
    },
  );
}

async function change(
  deps: AdminDeps,
  { resourceType, resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<void> {
  const [again] = repeated(configs.map(({ name }) => name));
  if (again !== undefined) {
    const message = `The request changes ${again} of ${resourceName} more than once.`;
    throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
  }
  const resource = await resolveResource(deps, resourceType, resourceName);
  const { settings } = deps.config();
  const before = await deps.zk.readConfig(entityOf(deps, resource));
  const after = new Map(before);
  for (const each of configs) apply(each, after, resource, settings);
  checkConfig(resource, before, after, settings);
  if (!validateOnly) await storeConfig(deps, resource, after);
}

function apply(
  { name, configOperation, value }: Change,
  config: Map<string, string>,
  resource: ConfigResource,
  settings: Settings,
): void {
  if (configOperation === Operation.DELETE) {
    config.delete(name);
    return;
  }
  if (value === null) {
    throw new KafkaError(ErrorCode.INVALID_REQUEST, `The config ${name} has no value; delete it instead.`);
  }
  switch (configOperation) {
    case Operation.SET:
      config.set(name, value);
      return;
    case Operation.APPEND:
    case Operation.SUBTRACT: {
      const key: ConfigKey | undefined = (resource.kind === 'topic' ? topicKeys : brokerKeys)[name];
      if (key?.type !== 'list') {
        const message = `${name} is no list: it can be set or deleted, but nothing appended or subtracted.`;
        throw new KafkaError(ErrorCode.INVALID_CONFIG, message);
      }
      const current = resource.kind === 'topic' ? topicText(name, config, settings) : config.get(name);
      const items = listOf(current ?? key.default ?? '');
      const given = listOf(value);
      const next =
        configOperation === Operation.APPEND
          ? [...items, ...given.filter((item) => !items.includes(item))]
          : items.filter((item) => !given.includes(item));
      config.set(name, next.join(','));
      return;
    }
    default:
      throw new KafkaError(
        ErrorCode.INVALID_REQUEST,
        `There is no operation ${configOperation} on a config.`,
      );
  }
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
