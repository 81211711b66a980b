import { OFFSETS_TOPIC, TRANSACTIONS_TOPIC } from '../admin/topic-name.ts';

/** Topics that belong to coordinators: clients read them at most. */
export function isInternalTopic(topic: string): boolean {
  return topic === OFFSETS_TOPIC || topic === TRANSACTIONS_TOPIC;
}
