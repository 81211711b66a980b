import type { ClusterState, Partition } from './cluster-state.ts';

/**
 * Which partitions should go back to their first replica: those of live brokers that lead less than they should by more than
 * `percentage` of the partitions in which they come first. Not topics in deletion, nor partitions being reassigned.
 */
export function imbalancedPartitions(cluster: ClusterState, percentage: number): Partition[] {
  const byPreferred = new Map<number, Partition[]>();
  for (const partition of cluster.partitions()) {
    const [preferred] = partition.replicas;
    if (preferred === undefined || partition.state === null || cluster.isBeingDeleted(partition.topic))
      continue;
    const group = byPreferred.get(preferred);
    if (group === undefined) byPreferred.set(preferred, [partition]);
    else group.push(partition);
  }
  const chosen: Partition[] = [];
  for (const [broker, partitions] of byPreferred) {
    const elsewhere = partitions.filter(({ state }) => state?.leader !== broker);
    if (elsewhere.length / partitions.length <= percentage / 100 || !cluster.isLive(broker)) continue;
    const movable = elsewhere.filter(
      ({ reassignment, state }) => reassignment === null && state?.isr.includes(broker) === true,
    );
    chosen.push(...movable);
  }
  return chosen;
}
