import { Message } from '../message.ts';
import {
  array,
  bool,
  bytes,
  float64,
  int16,
  int32,
  int64,
  int8,
  nullable,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts';

/**
 * Records of `__cluster_metadata`, in which KRaft controllers keep a cluster. Three unsigned varints stand before
 * each: frame version (1), type, version.
 */

/** Type 0. A broker registers. */
export const registerBroker = new Message('RegisterBrokerRecord', {
  versions: [0, 3],
  flexible: 0,
  fields: {
    brokerId: int32(),
    isMigratingZkBroker: bool({ since: 2 }),
    incarnationId: uuid(),
    brokerEpoch: int64(),
    endPoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
    rack: nullable(string()),
    fenced: bool({ default: true }),
    inControlledShutdown: bool({ since: 1 }),
    logDirs: array(uuid(), { since: 3, tag: 0 }),
  },
});

/** Type 1. A broker is forgotten. */
export const unregisterBroker = new Message('UnregisterBrokerRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
  },
});

/** Type 2. A topic with its id. */
export const topic = new Message('TopicRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    name: string(),
    topicId: uuid(),
  },
});

/** Type 3. A partition: replicas, ISR, leader. */
export const partition = new Message('PartitionRecord', {
  versions: [0, 2],
  flexible: 0,
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    replicas: array(int32()),
    isr: array(int32()),
    removingReplicas: array(int32()),
    addingReplicas: array(int32()),
    leader: int32({ default: -1 }),
    leaderRecoveryState: int8({ tag: 0 }),
    leaderEpoch: int32({ default: -1 }),
    partitionEpoch: int32({ default: -1 }),
    directories: array(uuid(), { since: 1 }),
    eligibleLeaderReplicas: nullable(array(int32(), { since: 2, tag: 1, default: null })),
    lastKnownElr: nullable(array(int32(), { since: 2, tag: 2, default: null })),
  },
});

/** Type 4. One configuration value of a resource. */
export const config = new Message('ConfigRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    resourceType: int8(),
    resourceName: string(),
    name: string(),
    value: nullable(string()),
  },
});

/** Type 5. What changed of a partition. */
export const partitionChange = new Message('PartitionChangeRecord', {
  versions: [0, 2],
  flexible: 0,
  fields: {
    partitionId: int32({ default: -1 }),
    topicId: uuid(),
    isr: nullable(array(int32(), { tag: 0, default: null })),
    leader: int32({ tag: 1, default: -2 }),
    replicas: nullable(array(int32(), { tag: 2, default: null })),
    removingReplicas: nullable(array(int32(), { tag: 3, default: null })),
    addingReplicas: nullable(array(int32(), { tag: 4, default: null })),
    leaderRecoveryState: int8({ tag: 5, default: -1 }),
    directories: nullable(array(uuid(), { since: 1, tag: 8, default: null })),
    eligibleLeaderReplicas: nullable(array(int32(), { since: 2, tag: 6, default: null })),
    lastKnownElr: nullable(array(int32(), { since: 2, tag: 7, default: null })),
  },
});

/** Type 7. A broker is fenced. */
export const fenceBroker = new Message('FenceBrokerRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    id: int32(),
    epoch: int64(),
  },
});

/** Type 8. A broker is unfenced. */
export const unfenceBroker = new Message('UnfenceBrokerRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    id: int32(),
    epoch: int64(),
  },
});

/** Type 9. A topic is gone. */
export const removeTopic = new Message('RemoveTopicRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    topicId: uuid(),
  },
});

/** Type 10. A delegation token. */
export const delegationToken = new Message('DelegationTokenRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    owner: string(),
    requester: string(),
    renewers: array(string()),
    issueTimestamp: int64(),
    maxTimestamp: int64(),
    expirationTimestamp: int64(),
    tokenId: string(),
  },
});

/** Type 11. A SCRAM credential. */
export const userScramCredential = new Message('UserScramCredentialRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    name: string(),
    mechanism: int8(),
    salt: bytes(),
    storedKey: bytes(),
    serverKey: bytes(),
    iterations: int32(),
  },
});

/** Type 12. The version of a feature. */
export const featureLevel = new Message('FeatureLevelRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    name: string(),
    featureLevel: int16(),
  },
});

/** Type 14. A client quota. */
export const clientQuota = new Message('ClientQuotaRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    entity: array(
      struct({
        entityType: string(),
        entityName: nullable(string()),
      }),
    ),
    key: string(),
    value: float64(),
    remove: bool(),
  },
});

/** Type 15. Producer ids up to here are given away. */
export const producerIds = new Message('ProducerIdsRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    nextProducerId: int64(),
  },
});

/** Type 17. What changed of a broker. */
export const brokerRegistrationChange = new Message('BrokerRegistrationChangeRecord', {
  versions: [0, 2],
  flexible: 0,
  fields: {
    brokerId: int32(),
    brokerEpoch: int64(),
    fenced: int8({ tag: 0 }),
    inControlledShutdown: int8({ since: 1, tag: 1 }),
    logDirs: array(uuid(), { since: 2, tag: 2 }),
  },
});

/** Type 18. An ACL. */
export const accessControlEntry = new Message('AccessControlEntryRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    id: uuid(),
    resourceType: int8(),
    resourceName: string(),
    patternType: int8(),
    principal: string(),
    host: string(),
    operation: int8(),
    permissionType: int8(),
  },
});

/** Type 19. An ACL is gone. */
export const removeAccessControlEntry = new Message('RemoveAccessControlEntryRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    id: uuid(),
  },
});

/** Type 20. Nothing: it only lets the log grow. */
export const noOp = new Message('NoOpRecord', { versions: [0, 0], flexible: 0, fields: {} });

/** Type 21. How far a migration from ZooKeeper is. */
export const zkMigrationState = new Message('ZkMigrationStateRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    zkMigrationState: int8(),
  },
});

/** Type 22. A SCRAM credential is gone. */
export const removeUserScramCredential = new Message('RemoveUserScramCredentialRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    name: string(),
    mechanism: int8(),
  },
});

/** Type 23. Several records that belong together begin. */
export const beginTransaction = new Message('BeginTransactionRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    name: nullable(string({ tag: 0, default: null })),
  },
});

/** Type 24. They end. */
export const endTransaction = new Message('EndTransactionRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {},
});

/** Type 25. They are void. */
export const abortTransaction = new Message('AbortTransactionRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    reason: nullable(string({ tag: 0, default: null })),
  },
});

/** Type 26. A delegation token is gone. */
export const removeDelegationToken = new Message('RemoveDelegationTokenRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    tokenId: string(),
  },
});

/** Type 27. A controller registers. */
export const registerController = new Message('RegisterControllerRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    controllerId: int32(),
    incarnationId: uuid(),
    zkMigrationReady: bool(),
    endPoints: array(
      struct({
        name: string(),
        host: string(),
        port: uint16(),
        securityProtocol: int16(),
      }),
    ),
    features: array(
      struct({
        name: string(),
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    ),
  },
});

/** Type 28. Eligible leader replicas are forgotten. */
export const clearElr = new Message('ClearElrRecord', {
  versions: [0, 0],
  flexible: 0,
  fields: {
    topicName: string(),
  },
});
