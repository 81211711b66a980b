import { brokerKeys } from '../broker/config/broker-keys.ts';
import type { ConfigKey } from '../broker/config/config-key.ts';
import { topicText, type Settings } from '../broker/config/settings.ts';
import { topicKeys } from '../broker/config/topic-keys.ts';
import { serve, type ServedApi } from '../broker/served-api.ts';
import type { RequestOf } from '../protocol/api.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { incrementalAlterConfigs } from '../protocol/messages/44-incremental-alter-configs.ts';
import type { AdminDeps } from './admin-deps.ts';
import { answerOf, repeated } from './answers.ts';
import { checkConfig, storeConfig } from './config-change.ts';
import { entityOf, resolveResource, type ConfigResource } from './config-resource.ts';

const Operation = { SET: 0, DELETE: 1, APPEND: 2, SUBTRACT: 3 } as const;

type Resource = RequestOf<typeof incrementalAlterConfigs>['resources'][number];
type Change = Resource['configs'][number];

/** IncrementalAlterConfigs (44): changes single keys and leaves the others (KIP-339). */
export function incrementalAlterConfigsApi(deps: AdminDeps): ServedApi {
  return serve(
    incrementalAlterConfigs,
    async (request) => {
      const twice = repeated(request.resources.map(keyOf));
      const responses = await Promise.all(
        request.resources.map(async (resource) => {
          const { resourceType, resourceName } = resource;
          const done = { errorCode: ErrorCode.NONE, errorMessage: null };
          const answer = await change(deps, resource, twice.has(keyOf(resource)), request.validateOnly).then(
            () => done,
            (error: unknown) =>
              answerOf(error, deps.runtime.log, `The config of ${resourceName} was not changed.`),
          );
          return { resourceType, resourceName, ...answer };
        }),
      );
      return { throttleTimeMs: 0, responses };
    },
    {
      errorResponse: (request, errorCode, errorMessage) => ({
        throttleTimeMs: 0,
        responses: request.resources.map(({ resourceType, resourceName }) => ({
          resourceType,
          resourceName,
          errorCode,
          errorMessage,
        })),
      }),
    },
  );
}

async function change(
  deps: AdminDeps,
  { resourceType, resourceName, configs }: Resource,
  isTwice: boolean,
  validateOnly: boolean,
): Promise<void> {
  const invalid = (message: string) => new KafkaError(ErrorCode.INVALID_REQUEST, message);
  if (isTwice) throw invalid(`The request changes ${resourceName} more than once.`);
  const [again] = repeated(configs.map(({ name }) => name));
  if (again !== undefined) throw invalid(`The request changes ${again} of ${resourceName} more than once.`);
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

function keyOf({ resourceType, resourceName }: Resource): string {
  return `${resourceType} ${resourceName}`;
}
