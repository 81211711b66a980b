import type { ServedApi } from '../broker/served-api.ts';
import type { AdminDeps } from './admin-deps.ts';
import { alterConfigsApi } from './alter-configs.ts';
import { controlledShutdownApi } from './controlled-shutdown.ts';
import { createPartitionsApi } from './create-partitions.ts';
import { createTopicsApi } from './create-topics.ts';
import { deleteTopicsApi } from './delete-topics.ts';
import { describeConfigsApi } from './describe-configs.ts';
import { electLeadersApi } from './elect-leaders.ts';
import { incrementalAlterConfigsApi } from './incremental-alter-configs.ts';

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
