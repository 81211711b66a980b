import { ErrorCode, KafkaError } from '../../protocol/errors.ts';
import type { AdminDeps } from '../admin-deps.ts';
import { topicNameProblem } from '../topics/topic-name.ts';

/** Resource types on the wire. */
export const ResourceType = { TOPIC: 2, BROKER: 4 } as const;

/** Whose configuration it is. */
export type ConfigResource =
  | { readonly kind: 'topic'; readonly topic: string }
  | { readonly kind: 'broker' }
  /** What holds for all brokers that don't say otherwise. */
  | { readonly kind: 'allBrokers' };

/** Throws a KafkaError when this broker can't speak for that resource. */
export async function resolveResource(deps: AdminDeps, type: number, name: string): Promise<ConfigResource> {
  if (type === ResourceType.TOPIC) {
    const problem = topicNameProblem(name);
    if (problem !== null) throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, problem);
    if (!deps.metadata.hasTopic(name) && !(await deps.zk.topicExists(name))) {
      throw new KafkaError(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `There is no topic ${name}.`);
    }
    return { kind: 'topic', topic: name };
  }
  if (type === ResourceType.BROKER) {
    if (name === '') return { kind: 'allBrokers' };
    if (name === String(deps.brokerId)) return { kind: 'broker' };
    const message = `Ask broker ${name} itself: this is broker ${deps.brokerId}.`;
    throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
  }
  const message = `Resources of type ${type} have no configuration here; topics (2) and brokers (4) do.`;
  throw new KafkaError(ErrorCode.INVALID_REQUEST, message);
}

/** Its name below `/config`. */
export function entityOf(deps: AdminDeps, resource: ConfigResource): string {
  if (resource.kind === 'topic') return `topics/${resource.topic}`;
  return resource.kind === 'broker' ? `brokers/${deps.brokerId}` : 'brokers/<default>';
}
