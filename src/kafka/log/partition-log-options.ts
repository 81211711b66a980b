import type { SpareBuffers } from '../../wire/spare-buffers.ts';
import type { TailBudget } from './read/log-tail.ts';
import type { TopicPartition } from './log-types.ts';

export interface PartitionLogOptions {
  readonly topicPartition: TopicPartition;
  /** The log was closed cleanly, so nothing needs to be read again. */
  readonly clean: boolean;
  /** Everything below was synced (from the checkpoint). */
  readonly recoveryPoint: number;
  /** From the checkpoint; 0 when it has none. */
  readonly logStartOffset: number;
  /** Memory for recent appends, shared by the logs of a broker. Default: 1 MiB for this log alone. */
  readonly tailBudget?: TailBudget;
  /** Memory for what is read from files, shared by the logs of a broker. Default: none is kept. */
  readonly readBuffers?: SpareBuffers;
  /** A truncation went below the recovery point: the checkpoint must not promise more than there is. */
  onRecoveryPointLowered?(): void;
  /** A file operation failed: the folder of this log is no longer to be trusted. */
  onStorageFailure(error: Error): void;
}
