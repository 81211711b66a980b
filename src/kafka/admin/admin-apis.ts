import type { ServedApi } from '../broker/served-api.ts';
import type { AdminDeps } from './admin-deps.ts';
import { alterConfigsApi } from './configs/alter-configs.ts';
import { controlledShutdownApi } from './controlled-shutdown.ts';
import { createPartitionsApi } from './topics/create-partitions.ts';
import { createTopicsApi } from './topics/create-topics.ts';
import { deleteTopicsApi } from './topics/delete-topics.ts';
import { describeConfigsApi } from './configs/describe-configs.ts';
import { electLeadersApi } from './elect-leaders.ts';
import { incrementalAlterConfigsApi } from './configs/incremental-alter-configs.ts';

/** Topics, partitions, leaders and configuration. Those for the controller answer NOT_CONTROLLER on other brokers. */
export function adminApis(deps: AdminDeps): ServedApi[] {
  return [
    controlledShutdownApi(deps),
    createTopicsApi(deps),
    deleteTopicsApi(deps),
    createPartitionsApi(deps),
    electLeadersApi(deps),
    describeConfigsApi(deps),
    alterConfigsApi(deps),
    incrementalAlterConfigsApi(deps),
  ];
}
