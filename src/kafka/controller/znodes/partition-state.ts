import { encodeJson, JsonFields } from './json.ts';
import { paths } from './paths.ts';

export const NO_LEADER = -1;
/** Stands for the leader in UpdateMetadata while a topic is being deleted. */
export const LEADER_DURING_DELETION = -2;

/** Who leads a partition and which replicas are in sync, as in `/brokers/topics/<t>/partitions/<p>/state`. */
export interface PartitionState {
  /** `NO_LEADER` when none of the in-sync replicas is alive. */
  readonly leader: number;
  readonly leaderEpoch: number;
  readonly isr: readonly number[];
  /** Of the controller that chose the leader; a leader that changes the ISR keeps it. */
  readonly controllerEpoch: number;
  /** Only in state RECOVERING, and only from 3.2 on. */
  readonly recovering?: boolean;
}

/** A partition's state with the version of its znode: the "zk version", later "partition epoch" of the protocol. */
export interface VersionedPartitionState extends PartitionState {
  readonly version: number;
}

/** What stands in the znode, and since when. */
export interface WrittenPartitionState extends VersionedPartitionState {
  /** Of the write that left it so (`mzxid`). */
  readonly zxid: bigint;
}

export function encodePartitionState(state: PartitionState): Buffer {
  return encodeJson({
    controller_epoch: state.controllerEpoch,
    leader: state.leader,
    version: 1,
    leader_epoch: state.leaderEpoch,
    isr: state.isr,
    ...(state.recovering === true ? { leader_recovery_state: 1 } : {}),
  });
}

/** Throws ZnodeFormatError. */
export function decodePartitionState(
  topic: string,
  partition: number,
  data: Buffer | null,
  version: number,
): VersionedPartitionState {
  const fields = JsonFields.parse(paths.partitionState(topic, partition), data);
  const recovering = fields.has('leader_recovery_state') && fields.integer('leader_recovery_state') === 1;
  return {
    leader: fields.integer('leader'),
    leaderEpoch: fields.integer('leader_epoch'),
    isr: fields.integers('isr'),
    controllerEpoch: fields.integer('controller_epoch'),
    version,
    ...(recovering ? { recovering } : {}),
  };
}
