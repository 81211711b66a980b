import { encodeJson, JsonFields, ZnodeFormatError } from './json.ts';
import { paths } from './paths.ts';

/** Which brokers hold which partition, the preferred leader first: partition → replicas. */
export type TopicAssignment = ReadonlyMap<number, readonly number[]>;

/** Version 1, as 2.3 writes it. */
export function encodeTopicAssignment(assignment: TopicAssignment): Buffer {
  return encodeJson({ version: 1, partitions: Object.fromEntries(assignment) });
}

/** Every version; what later ones add (reassignments under way, the topic's id) is left to those that know it. */
export function decodeTopicAssignment(topic: string, data: Buffer | null): Map<number, number[]> {
  const partitions = JsonFields.parse(paths.topic(topic), data).object('partitions');
  const assignment = new Map<number, number[]>();
  for (const name of partitions.names()) {
    const partition = Number(name);
    if (!Number.isInteger(partition) || partition < 0) {
      throw new ZnodeFormatError(partitions.path, `"${name}" is not the number of a partition`);
    }
    assignment.set(partition, partitions.integers(name));
  }
  return assignment;
}
