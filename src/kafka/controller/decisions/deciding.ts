import type { Log } from '../../../runtime/runtime.ts';
import type { ClusterState } from './cluster-state.ts';
import type { ControlMessage } from '../requests/control-requests.ts';

/** What all decisions of one controller share. */
export interface Deciding {
  readonly cluster: ClusterState;
  /** Of this controller's term; it goes into every state that it writes. */
  readonly epoch: number;
  /** Where requests to brokers go, in order. */
  readonly out: ControlMessage[];
  readonly log: Log;
  readonly settings: ControllerSettings;
}

/** Configuration that may change while the controller runs: read when it is needed. */
export interface ControllerSettings {
  readonly deleteTopicEnable: boolean;
  /** For topics that don't say themselves. */
  uncleanLeaderElectionEnable(): boolean;
  readonly leaderImbalancePerBrokerPercentage: number;
}
