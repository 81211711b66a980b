/** Groups and their offsets. */
export const OFFSETS_TOPIC = '__consumer_offsets';
/** Transactions' states. */
export const TRANSACTIONS_TOPIC = '__transaction_state';

/** Topics that belong to coordinators: clients read them at most. */
export function isInternalTopic(topic: string): boolean {
  return topic === OFFSETS_TOPIC || topic === TRANSACTIONS_TOPIC;
}
