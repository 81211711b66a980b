import { serve, type ServedApi } from '../../broker/served-api.ts';
import type { RequestOf } from '../../protocol/api.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import { alterConfigs } from '../../protocol/messages/33-alter-configs.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { changeEach, checkConfig, refuseEach, storeConfig } from './config-change.ts';
import { entityOf, resolveResource } from './config-resource.ts';

type Resource = RequestOf<typeof alterConfigs>['resources'][number];

/** AlterConfigs (33): replaces all that is set for a resource; keys that are left out get their defaults back. */
export function alterConfigsApi(deps: AdminDeps): ServedApi {
  return serve(
    alterConfigs,
    async ({ resources, validateOnly }) => ({
      throttleTimeMs: 0,
      responses: await changeEach(deps, resources, (resource) => replace(deps, resource, validateOnly)),
    }),
    {
      errorResponse: ({ resources }, errorCode, errorMessage) => ({
        throttleTimeMs: 0,
        responses: refuseEach(resources, errorCode, errorMessage),
      }),
    },
  );
}

async function replace(
  deps: AdminDeps,
  { resourceType, resourceName, configs }: Resource,
  validateOnly: boolean,
): Promise<void> {
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
