import type { TopicPartition } from '../log/log-types.ts';

/** Of so many topics each gets a word of its own; more are only counted. */
const TOPICS_TOLD = 3;
/** So many partitions are told by their numbers. */
const PARTITIONS_TOLD = 6;

export interface RoleTaken extends TopicPartition {
  readonly leads: boolean;
}

/**
 * What one LeaderAndIsr request made of this broker, for the log: "leads hello-0 and follows hello-1, hello-2; leads 17 and follows 33
 * partitions of __consumer_offsets". Null when nothing changed.
 */
export function rolesInWords(taken: readonly RoleTaken[]): string | null {
  if (taken.length === 0) return null;
  const topics = [...new Set(taken.map(({ topic }) => topic))];
  if (topics.length > TOPICS_TOLD) return `${counts(taken)} partitions of ${topics.length} topics`;
  return topics
    .map((topic) => {
      const own = taken.filter((role) => role.topic === topic);
      if (own.length > PARTITIONS_TOLD) return `${counts(own)} partitions of ${topic}`;
      return bothRoles(own, (some) => some.map(nameOf).join(', '));
    })
    .join('; ');
}

/** "hello-0, hello-1", or "17 partitions of hello" when they are many. */
export function partitionsInWords(partitions: readonly TopicPartition[]): string {
  if (partitions.length <= PARTITIONS_TOLD) return partitions.map(nameOf).join(', ');
  const topics = new Set(partitions.map(({ topic }) => topic));
  const [first] = topics;
  return `${partitions.length} partitions of ${topics.size === 1 ? first : `${topics.size} topics`}`;
}

function counts(taken: readonly RoleTaken[]): string {
  return bothRoles(taken, (some) => String(some.length));
}

function bothRoles(taken: readonly RoleTaken[], inWords: (some: readonly RoleTaken[]) => string): string {
  const led = taken.filter(({ leads }) => leads);
  const followed = taken.filter(({ leads }) => !leads);
  return [
    ...(led.length > 0 ? [`leads ${inWords(led)}`] : []),
    ...(followed.length > 0 ? [`follows ${inWords(followed)}`] : []),
  ].join(' and ');
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`;
}
