import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { consumerSubscription } from '../protocol/coordinator-records/consumer-protocol.ts';
import type { Group } from './group/group.ts';
import { metadataFor } from './group/member.ts';

export const CONSUMER_PROTOCOL_TYPE = 'consumer';

/** The topics that a group of consumers is subscribed to; null where that can't be known, so none of them may be touched. */
export function subscribedTopics(group: Group): ReadonlySet<string> | null {
  if (group.members.size === 0) return group.protocolType === null ? null : new Set();
  if (group.protocolType !== CONSUMER_PROTOCOL_TYPE || group.protocolName === null) return null;
  const topics = new Set<string>();
  for (const member of group.members) {
    const subscribed = topicsOf(metadataFor(member, group.protocolName));
    if (subscribed === null) return null;
    for (const topic of subscribed) topics.add(topic);
  }
  return topics;
}

function topicsOf(metadata: Buffer): readonly string[] | null {
  try {
    const reader = new Reader(metadata);
    const version = reader.int16();
    if (version < 0) return null;
    // Newer versions only add to the end.
    return consumerSubscription.decode(reader, Math.min(version, consumerSubscription.versions[1])).topics;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}
