import { brokerKeys } from '../../broker/config/broker-keys.ts';
import { ConfigError, parseConfigValue } from '../../broker/config/config-key.ts';
import type { Settings } from '../../broker/config/settings.ts';
import { checkTopicConfig } from '../../broker/config/topic-config.ts';
import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { answerOf, repeated, type ErrorAnswer } from '../answers.ts';
import { entityOf, type ConfigResource } from './config-resource.ts';

/** Keys that may only double or halve at once, so that a slip doesn't starve or flood a running broker. */
const threadKeys: readonly string[] = [
  'log.cleaner.threads',
  'num.io.threads',
  'num.network.threads',
  'num.replica.fetchers',
  'background.threads',
  'num.recovery.threads.per.data.dir',
];

interface NamedResource {
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Changes each resource of a request by itself, and says what became of it. None may stand in it twice. */
export async function changeEach<R extends NamedResource>(
  deps: AdminDeps,
  resources: readonly R[],
  change: (resource: R) => Promise<void>,
): Promise<(NamedResource & ErrorAnswer)[]> {
  const keyOf = ({ resourceType, resourceName }: R) => `${resourceType} ${resourceName}`;
  const twice = repeated(resources.map(keyOf));
  const attempt = async (resource: R): Promise<ErrorAnswer> => {
    const name = resource.resourceName;
    try {
      if (twice.has(keyOf(resource)))
        throw new KafkaError(ErrorCode.INVALID_REQUEST, `The request changes ${name} more than once.`);
      await change(resource);
      return { errorCode: ErrorCode.NONE, errorMessage: null };
    } catch (error) {
      return answerOf(error, deps.runtime.log, `The config of ${name} was not changed.`);
    }
  };
  return Promise.all(
    resources.map(async (resource) => {
      const { resourceType, resourceName } = resource;
      return { resourceType, resourceName, ...(await attempt(resource)) };
    }),
  );
}

/** What a request is answered that fails as a whole. */
export function refuseEach(
  resources: readonly NamedResource[],
  errorCode: number,
  errorMessage: string | null,
): (NamedResource & ErrorAnswer)[] {
  return resources.map(({ resourceType, resourceName }) => ({
    resourceType,
    resourceName,
    errorCode,
    errorMessage,
  }));
}

/** Checks a resource's configuration as a whole, `before` → `after`. Throws INVALID_CONFIG. */
export function checkConfig(
  resource: ConfigResource,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
  settings: Settings,
): void {
  try {
    if (resource.kind === 'topic') checkTopicConfig(after);
    else {
      const changed = new Map([...after].filter(([name, value]) => before.get(name) !== value));
      checkBrokerConfig(changed, resource.kind === 'broker', settings);
    }
  } catch (error) {
    if (error instanceof ConfigError) throw new KafkaError(ErrorCode.INVALID_CONFIG, error.message);
    throw error;
  }
}

/** Writes it and tells all brokers. */
export async function storeConfig(
  deps: AdminDeps,
  resource: ConfigResource,
  config: ReadonlyMap<string, string>,
): Promise<void> {
  const entity = entityOf(deps, resource);
  await deps.zk.writeConfig(entity, config);
  await deps.zk.notifyConfigChange(entity);
}

function checkBrokerConfig(
  changed: ReadonlyMap<string, string>,
  isOneBroker: boolean,
  settings: Settings,
): void {
  for (const [name, text] of changed) {
    if (name.startsWith('listener.name.')) {
      if (!isOneBroker) throw new ConfigError(name, `${name} can only be set for a single broker`);
      continue;
    }
    const key = brokerKeys[name];
    if (key === undefined) continue; // kept for plugins
    if (key.update === 'read-only') {
      throw new ConfigError(
        name,
        `${name} can't be changed while a broker runs; set it in server.properties`,
      );
    }
    if (key.update === 'per-broker' && !isOneBroker) {
      throw new ConfigError(name, `${name} can only be set for a single broker, not for all`);
    }
    if (key.type === 'password') {
      throw new ConfigError(name, `${name} is secret and can only be set in server.properties`);
    }
    const value = parseConfigValue(name, key, text);
    if (!threadKeys.includes(name) || typeof value !== 'number') continue;
    const current = settings.number(name);
    if (value < current / 2 || value > current * 2) {
      const range = `${Math.ceil(current / 2)} to ${current * 2}`;
      throw new ConfigError(
        name,
        `${name} is ${current} and can change to ${range} in one step, not to ${text}`,
      );
    }
  }
}
