/** Kafka's error codes: code, whether the same request may succeed later, and what it means. */
const table = {
  UNKNOWN_SERVER_ERROR: [
    -1,
    false,
    'the server failed in a way that has no code of its own; its log says more',
  ],
  NONE: [0, false, 'no error'],
  OFFSET_OUT_OF_RANGE: [1, false, "the log doesn't reach from or to this offset"],
  CORRUPT_MESSAGE: [
    2,
    true,
    'a record batch is damaged: its checksum, size or format is wrong, or a compacted topic got a record without a key',
  ],
  UNKNOWN_TOPIC_OR_PARTITION: [3, true, 'this server has no such topic or partition'],
  INVALID_FETCH_SIZE: [4, false, "that fetch size isn't possible"],
  LEADER_NOT_AVAILABLE: [5, true, 'the partition has no leader at the moment'],
  NOT_LEADER_OR_FOLLOWER: [6, true, "this broker isn't the partition's leader, or has no replica of it"],
  REQUEST_TIMED_OUT: [7, true, 'it took longer than the request allows'],
  BROKER_NOT_AVAILABLE: [8, false, 'that broker is down'],
  REPLICA_NOT_AVAILABLE: [9, true, "that replica can't be reached at the moment"],
  MESSAGE_TOO_LARGE: [10, false, 'a record batch is larger than max.message.bytes of the topic'],
  STALE_CONTROLLER_EPOCH: [11, false, 'the request is from a controller that has been replaced'],
  OFFSET_METADATA_TOO_LARGE: [
    12,
    false,
    'the metadata of an offset is longer than offset.metadata.max.bytes',
  ],
  NETWORK_EXCEPTION: [13, true, 'the connection broke before the answer'],
  COORDINATOR_LOAD_IN_PROGRESS: [14, true, 'the coordinator is still reading its log; ask again'],
  COORDINATOR_NOT_AVAILABLE: [15, true, 'there is no coordinator at the moment; look for it again'],
  NOT_COORDINATOR: [16, true, 'another broker coordinates this; look for it again'],
  INVALID_TOPIC_EXCEPTION: [17, false, "a topic can't have this name, or is internal"],
  RECORD_LIST_TOO_LARGE: [18, false, 'the record batch is larger than a segment'],
  NOT_ENOUGH_REPLICAS: [
    19,
    true,
    'fewer replicas are in sync than min.insync.replicas asks for; nothing was written',
  ],
  NOT_ENOUGH_REPLICAS_AFTER_APPEND: [
    20,
    true,
    'it was written, but fewer replicas are in sync than min.insync.replicas asks for',
  ],
  INVALID_REQUIRED_ACKS: [21, false, 'acks must be 0, 1 or -1'],
  ILLEGAL_GENERATION: [22, false, 'the group has moved on to another generation'],
  INCONSISTENT_GROUP_PROTOCOL: [
    23,
    false,
    'the member shares no protocol, or not the kind of protocol, with the group',
  ],
  INVALID_GROUP_ID: [24, false, "a group can't have this id"],
  UNKNOWN_MEMBER_ID: [25, false, 'the group has no such member'],
  INVALID_SESSION_TIMEOUT: [
    26,
    false,
    'the session timeout must lie between group.min.session.timeout.ms and group.max.session.timeout.ms',
  ],
  REBALANCE_IN_PROGRESS: [27, false, 'the group rebalances; join again'],
  INVALID_COMMIT_OFFSET_SIZE: [28, false, "the offset's record would be too large for the offsets topic"],
  TOPIC_AUTHORIZATION_FAILED: [29, false, 'the client may not do this with the topic'],
  GROUP_AUTHORIZATION_FAILED: [30, false, 'the client may not do this with the group'],
  CLUSTER_AUTHORIZATION_FAILED: [31, false, 'the client may not do this with the cluster'],
  INVALID_TIMESTAMP: [
    32,
    false,
    "a record's time is too far from the broker's, see message.timestamp.before.max.ms and message.timestamp.after.max.ms",
  ],
  UNSUPPORTED_SASL_MECHANISM: [33, false, "the listener doesn't offer this SASL mechanism"],
  ILLEGAL_SASL_STATE: [34, false, "the request doesn't belong at this point of the SASL handshake"],
  UNSUPPORTED_VERSION: [35, false, "the server doesn't serve this version of the request"],
  TOPIC_ALREADY_EXISTS: [36, false, 'there already is a topic of this name'],
  INVALID_PARTITIONS: [37, false, "a topic can't have this number of partitions"],
  INVALID_REPLICATION_FACTOR: [
    38,
    false,
    'the replication factor must be between 1 and the number of brokers',
  ],
  INVALID_REPLICA_ASSIGNMENT: [
    39,
    false,
    "the assignment names wrong, repeated or unequal numbers of brokers, or partitions that don't follow each other",
  ],
  INVALID_CONFIG: [40, false, 'a configuration has no such key, or the key no such value'],
  NOT_CONTROLLER: [41, true, "this broker isn't the controller"],
  INVALID_REQUEST: [42, false, "the request contradicts itself or what it asks for isn't possible"],
  UNSUPPORTED_FOR_MESSAGE_FORMAT: [43, false, "the partition's message format is too old for this"],
  POLICY_VIOLATION: [44, false, 'a policy of this cluster forbids it'],
  OUT_OF_ORDER_SEQUENCE_NUMBER: [45, false, 'a batch of this producer is missing before this one'],
  DUPLICATE_SEQUENCE_NUMBER: [46, false, 'this batch was already written, too long ago to say where'],
  INVALID_PRODUCER_EPOCH: [47, false, 'a newer producer has this id'],
  INVALID_TXN_STATE: [48, false, "the transaction isn't in a state that allows this"],
  INVALID_PRODUCER_ID_MAPPING: [49, false, 'the transactional id belongs to another producer id'],
  INVALID_TRANSACTION_TIMEOUT: [
    50,
    false,
    'the transaction timeout is larger than transaction.max.timeout.ms',
  ],
  CONCURRENT_TRANSACTIONS: [51, true, 'the last transaction of this id is still being finished; ask again'],
  TRANSACTION_COORDINATOR_FENCED: [
    52,
    false,
    'the request is from a transaction coordinator that has been replaced',
  ],
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: [53, false, 'the client may not use this transactional id'],
  SECURITY_DISABLED: [54, false, 'the broker has no authorizer'],
  OPERATION_NOT_ATTEMPTED: [55, false, "it wasn't tried, since another part of the request failed"],
  KAFKA_STORAGE_ERROR: [56, true, 'the disk failed'],
  LOG_DIR_NOT_FOUND: [57, false, 'the broker has no such log directory'],
  SASL_AUTHENTICATION_FAILED: [58, false, 'the credentials are wrong'],
  UNKNOWN_PRODUCER_ID: [59, false, 'the log has nothing of this producer any more'],
  REASSIGNMENT_IN_PROGRESS: [60, false, 'the partition is being moved'],
  DELEGATION_TOKEN_AUTH_DISABLED: [61, false, "delegation tokens aren't enabled"],
  DELEGATION_TOKEN_NOT_FOUND: [62, false, 'there is no such delegation token'],
  DELEGATION_TOKEN_OWNER_MISMATCH: [63, false, 'the delegation token belongs to somebody else'],
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED: [
    64,
    false,
    "delegation tokens can't be handled over this connection; authenticate without a token, over TLS or SASL",
  ],
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: [65, false, 'the client may not do this with the delegation token'],
  DELEGATION_TOKEN_EXPIRED: [66, false, 'the delegation token has expired'],
  INVALID_PRINCIPAL_TYPE: [67, false, "principals of this kind aren't supported here"],
  NON_EMPTY_GROUP: [68, false, 'the group still has members'],
  GROUP_ID_NOT_FOUND: [69, false, 'there is no such group'],
  FETCH_SESSION_ID_NOT_FOUND: [70, true, 'the broker has forgotten this fetch session'],
  INVALID_FETCH_SESSION_EPOCH: [71, true, "the fetch session's epoch isn't the next one"],
  LISTENER_NOT_FOUND: [72, true, 'the leader has no listener of the name that this client came through'],
  TOPIC_DELETION_DISABLED: [73, false, 'delete.topic.enable is off'],
  FENCED_LEADER_EPOCH: [74, true, "the leader epoch is older than the broker's"],
  UNKNOWN_LEADER_EPOCH: [75, true, "the leader epoch is newer than the broker's"],
  UNSUPPORTED_COMPRESSION_TYPE: [76, false, "this version of the request can't carry this compression"],
  STALE_BROKER_EPOCH: [77, false, 'the broker has registered anew since'],
  OFFSET_NOT_AVAILABLE: [78, true, "the leader is new and doesn't know its high watermark yet; ask again"],
  MEMBER_ID_REQUIRED: [79, false, 'join again with the member id of this answer'],
  PREFERRED_LEADER_NOT_AVAILABLE: [80, true, 'the preferred leader is down or not in sync'],
  GROUP_MAX_SIZE_REACHED: [81, false, 'the group has group.max.size members'],
  FENCED_INSTANCE_ID: [82, false, 'another member has taken over this group instance id'],
  ELIGIBLE_LEADERS_NOT_AVAILABLE: [83, true, 'no replica can become leader'],
  ELECTION_NOT_NEEDED: [84, true, 'the partition has the right leader already'],
  NO_REASSIGNMENT_IN_PROGRESS: [85, false, "the partition isn't being moved"],
  GROUP_SUBSCRIBED_TO_TOPIC: [86, false, 'the group is subscribed to the topic, so its offsets must stay'],
  INVALID_RECORD: [87, false, 'a record breaks a rule of its topic'],
  UNSTABLE_OFFSET_COMMIT: [88, true, "a transaction that isn't finished holds offsets of the group"],
  THROTTLING_QUOTA_EXCEEDED: [89, true, 'too many changes for the quota; wait and ask again'],
  PRODUCER_FENCED: [90, false, 'a newer producer has this transactional id'],
  RESOURCE_NOT_FOUND: [91, false, 'there is no such resource'],
  DUPLICATE_RESOURCE: [92, false, 'the request names a resource twice'],
  UNACCEPTABLE_CREDENTIAL: [93, false, "the credential doesn't meet the rules"],
  INCONSISTENT_VOTER_SET: [94, false, "the request's voters aren't those of this quorum"],
  INVALID_UPDATE_VERSION: [95, false, "a feature can't be set to this version"],
  FEATURE_UPDATE_FAILED: [96, false, "the features couldn't be changed"],
  PRINCIPAL_DESERIALIZATION_FAILURE: [97, false, "the principal of a forwarded request can't be read"],
  SNAPSHOT_NOT_FOUND: [98, false, 'there is no such snapshot'],
  POSITION_OUT_OF_RANGE: [99, false, "the file doesn't reach to this position"],
  UNKNOWN_TOPIC_ID: [100, true, 'this server has no topic of this id'],
  DUPLICATE_BROKER_REGISTRATION: [101, false, 'another broker with this id is running'],
  BROKER_ID_NOT_REGISTERED: [102, false, 'there is no broker of this id'],
  INCONSISTENT_TOPIC_ID: [103, true, "the topic's id is another one here"],
  INCONSISTENT_CLUSTER_ID: [104, false, 'this is another cluster'],
  TRANSACTIONAL_ID_NOT_FOUND: [105, false, 'there is no such transactional id'],
  FETCH_SESSION_TOPIC_ID_ERROR: [106, true, 'the fetch session mixes names and ids of topics'],
  INELIGIBLE_REPLICA: [107, false, 'a new ISR holds a broker that is fenced or stopping'],
  NEW_LEADER_ELECTED: [108, false, 'the ISR was changed, and another broker leads now'],
  OFFSET_MOVED_TO_TIERED_STORAGE: [109, false, 'the offset is in remote storage'],
  FENCED_MEMBER_EPOCH: [110, false, "the member's epoch isn't the group's; join again"],
  UNRELEASED_INSTANCE_ID: [111, false, 'another member still has this instance id'],
  UNSUPPORTED_ASSIGNOR: [112, false, "the group doesn't know this assignor"],
  STALE_MEMBER_EPOCH: [113, false, "the member's epoch is old; learn the new one first"],
  MISMATCHED_ENDPOINT_TYPE: [
    114,
    false,
    'this listener is of the other kind: for controllers, or for brokers',
  ],
  UNSUPPORTED_ENDPOINT_TYPE: [115, false, "that kind of end point isn't known"],
  UNKNOWN_CONTROLLER_ID: [116, false, 'there is no controller of this id'],
  UNKNOWN_SUBSCRIPTION_ID: [117, false, 'the telemetry subscription has changed'],
  TELEMETRY_TOO_LARGE: [118, false, 'the metrics are larger than the broker takes'],
  INVALID_REGISTRATION: [119, false, "the controller refuses this broker's registration"],
  TRANSACTION_ABORTABLE: [120, false, 'the transaction has to be aborted'],
  INVALID_RECORD_STATE: [121, false, "the record isn't in a state that can be acknowledged"],
  SHARE_SESSION_NOT_FOUND: [122, true, 'the broker has forgotten this share session'],
  INVALID_SHARE_SESSION_EPOCH: [123, true, "the share session's epoch isn't the next one"],
  FENCED_STATE_EPOCH: [124, false, "the share state's epoch is old"],
  INVALID_VOTER_KEY: [125, false, "the voter isn't the one of this id and directory"],
  DUPLICATE_VOTER: [126, false, 'the voter is in the quorum already'],
  VOTER_NOT_FOUND: [127, false, 'the quorum has no such voter'],
  INVALID_REGULAR_EXPRESSION: [128, false, "that isn't a regular expression"],
  REBOOTSTRAP_REQUIRED: [129, false, 'begin again with the bootstrap servers'],
  STREAMS_INVALID_TOPOLOGY: [130, false, "the topology can't be run"],
  STREAMS_INVALID_TOPOLOGY_EPOCH: [131, false, "the topology's epoch isn't possible"],
  STREAMS_TOPOLOGY_FENCED: [132, false, "the topology's epoch is old"],
  SHARE_SESSION_LIMIT_REACHED: [133, true, 'the broker has no room for more share sessions'],
} as const;

type Table = typeof table;
export type ErrorName = keyof Table;

/** The codes by name: `ErrorCode.NONE` is 0. */
export const ErrorCode = Object.fromEntries(Object.entries(table).map(([name, [code]]) => [name, code])) as {
  readonly [N in ErrorName]: Table[N][0];
};

export interface ErrorInfo {
  readonly code: number;
  readonly name: ErrorName;
  readonly retriable: boolean;
  readonly message: string;
}

const byCode = new Map<number, ErrorInfo>(
  Object.entries(table).map(([name, [code, retriable, message]]) => [
    code,
    { code, name: name as ErrorName, retriable, message },
  ]),
);

/** What a code means. A code that isn't known counts as UNKNOWN_SERVER_ERROR, as in Apache's clients. */
export function errorInfo(code: number): ErrorInfo {
  return byCode.get(code) ?? byCode.get(-1)!;
}

/** Carries an error code to where a response is made. It isn't a bug of ours, so nobody needs to log it. */
export class KafkaError extends Error {
  readonly code: number;
  constructor(code: number, message?: string) {
    const info = errorInfo(code);
    super(message ?? `${info.name}: ${info.message}`);
    this.name = 'KafkaError';
    this.code = code;
  }
}
