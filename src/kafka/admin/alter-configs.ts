import { serve, type ServedApi } from '../broker/served-api.ts';
import type { RequestOf } from '../protocol/api.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { alterConfigs } from '../protocol/messages/33-alter-configs.ts';
import type { AdminDeps } from './admin-deps.ts';
import { answerOf, repeated } from './answers.ts';
import { checkConfig, storeConfig } from './config-change.ts';
import { entityOf, resolveResource } from './config-resource.ts';

type Resource = RequestOf<typeof alterConfigs>['resources'][number];

/** AlterConfigs (33): replaces all that is set for a resource; keys that are left out get their defaults back. */
export function alterConfigsApi(deps: AdminDeps): ServedApi {
  return serve(
    alterConfigs,
    async (request) => {
      const twice = repeated(request.resources.map(keyOf));
      const responses = await Promise.all(
        request.resources.map(async (resource) => {
          const { resourceType, resourceName } = resource;
          const done = { errorCode: ErrorCode.NONE, errorMessage: null };
          const answer = await replace(deps, resource, twice.has(keyOf(resource)), request.validateOnly).then(
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

async function replace(
  deps: AdminDeps,
  { resourceType, resourceName, configs }: Resource,
  isTwice: boolean,
  validateOnly: boolean,
): Promise<void> {
  if (isTwice) {
    throw new KafkaError(ErrorCode.INVALID_REQUEST, `The request changes ${resourceName} more than once.`);
  }
  const resource = await resolveResource(deps, resourceType, resourceName);
  const after = new Map<string, string>();
  for (const { name, value } of configs) {
    if (value === null) throw new KafkaError(ErrorCode.INVALID_CONFIG, `The config ${name} has no value.`);
    after.set(name, value);
  }
  const before = await deps.zk.readConfig(entityOf(deps, resource));
  checkConfig(resource, before, after, deps.config().settings);
  if (!validateOnly) await storeConfig(deps, resource, after);
}

function keyOf({ resourceType, resourceName }: Resource): string {
  return `${resourceType} ${resourceName}`;
}
