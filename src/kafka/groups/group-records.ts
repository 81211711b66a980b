import { toSafe } from '../../wire/int64.ts';
import { compareKafkaVersions } from '../broker/config/config-key.ts';
import { groupMetadata, offsetCommit } from '../protocol/coordinator-records/classic-groups.ts';
import { recordTypeOf } from '../protocol/coordinator-records/record-type.ts';
import type { CommittedOffset, OffsetKey } from './group-offsets.ts';
import type { Member } from './group/member.ts';

/** A group as it stands in `__consumer_offsets`. */
export interface GroupRecord {
  readonly protocolType: string | null;
  readonly generation: number;
  readonly protocol: string | null;
  readonly leader: string | null;
  /** ms since 1970; null: not known. */
  readonly stateSinceMs: number | null;
  /** Each with the metadata of the chosen protocol only. */
  readonly members: readonly Member[];
}

/** What a record of the offsets topic says. `null` values are tombstones. */
export type OffsetsTopicRecord =
  | {
      readonly kind: 'offset';
      readonly group: string;
      readonly key: OffsetKey;
      readonly value: Omit<CommittedOffset, 'recordOffset'> | null;
    }
  | { readonly kind: 'group'; readonly group: string; readonly value: GroupRecord | null }
  /** Of a newer kind of group: not for us. */
  | { readonly kind: 'unknown'; readonly type: number };

export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer | null;
}

/** Which versions of the values an inter.broker.protocol.version stands for: older brokers must be able to read them. */
export interface RecordVersions {
  readonly offset: number;
  readonly group: number;
}

const EXPLICIT_EXPIRY_VERSION = 1; // the only one that has the field

export function recordVersions(interBrokerProtocolVersion: string): RecordVersions {
  const since = (version: string) => compareKafkaVersions(interBrokerProtocolVersion, version) >= 0;
  return {
    offset: since('2.1-IV1') ? 3 : since('2.1-IV0') ? 2 : 1,
    group: since('2.3-IV0') ? 3 : since('2.1-IV0') ? 2 : since('0.10.1-IV0') ? 1 : 0,
  };
}

/** `committed` null: a tombstone. */
export function encodeOffset(
  group: string,
  at: OffsetKey,
  committed: Omit<CommittedOffset, 'recordOffset'> | null,
  versions: RecordVersions,
): KeyValue {
  const key = offsetCommit.encodeKey({ group, ...at });
  if (committed === null) return { key, value: null };
  const { offset, leaderEpoch, metadata, commitTimestampMs, expireTimestampMs } = committed;
  const version = expireTimestampMs === null ? versions.offset : EXPLICIT_EXPIRY_VERSION;
  const value = offsetCommit.encodeValue(version, {
    offset,
    leaderEpoch,
    metadata,
    commitTimestamp: commitTimestampMs,
    expireTimestamp: expireTimestampMs ?? -1,
  });
  return { key, value };
}

/** `record` null: a tombstone. */
export function encodeGroup(group: string, record: GroupRecord | null, versions: RecordVersions): KeyValue {
  const key = groupMetadata.encodeKey({ group });
  if (record === null) return { key, value: null };
  const value = groupMetadata.encodeValue(versions.group, {
    protocolType: record.protocolType ?? '',
    generation: record.generation,
    protocol: record.protocol,
    leader: record.leader,
    currentStateTimestamp: record.stateSinceMs ?? -1,
    members: record.members.map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeout: member.rebalanceTimeoutMs,
      sessionTimeout: member.sessionTimeoutMs,
      subscription: member.protocols[0]!.metadata,
      assignment: member.assignment,
    })),
  });
  return { key, value };
}

/** Throws a WireError for what can't be read. Buffers are copied: a group lives longer than the batch that it was read from. */
export function decodeRecord(key: Buffer, value: Buffer | null): OffsetsTopicRecord {
  const type = recordTypeOf(key);
  if (type === 0 || type === offsetCommit.type) {
    const { group, topic, partition } = offsetCommit.decodeKey(key);
    const record = { kind: 'offset' as const, group, key: { topic, partition } };
    return { ...record, value: value === null ? null : decodeOffset(value) };
  }
  if (type === groupMetadata.type) {
    const { group } = groupMetadata.decodeKey(key);
    return { kind: 'group', group, value: value === null ? null : decodeGroup(value) };
  }
  return { kind: 'unknown', type };
}

function decodeOffset(bytes: Buffer): Omit<CommittedOffset, 'recordOffset'> {
  const value = offsetCommit.decodeValue(bytes);
  const expire = toSafe(value.expireTimestamp, 'expireTimestamp');
  return {
    offset: toSafe(value.offset, 'offset'),
    leaderEpoch: value.leaderEpoch,
    metadata: value.metadata,
    commitTimestampMs: toSafe(value.commitTimestamp, 'commitTimestamp'),
    expireTimestampMs: expire === -1 ? null : expire,
  };
}

function decodeGroup(bytes: Buffer): GroupRecord {
  const value = groupMetadata.decodeValue(bytes);
  const since = toSafe(value.currentStateTimestamp, 'currentStateTimestamp');
  return {
    protocolType: value.protocolType === '' ? null : value.protocolType,
    generation: value.generation,
    protocol: value.protocol,
    leader: value.leader,
    stateSinceMs: since === -1 ? null : since,
    members: value.members.map((member) => ({
      id: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeout === -1 ? member.sessionTimeout : member.rebalanceTimeout,
      sessionTimeoutMs: member.sessionTimeout,
      protocols: [{ name: value.protocol ?? '', metadata: Buffer.from(member.subscription) }],
      assignment: Buffer.from(member.assignment),
      isNew: false,
      joining: null,
      syncing: null,
      expiresAt: 0,
    })),
  };
}
