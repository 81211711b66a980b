import type { Starters } from '../compose/cluster/starters.ts';

/** gregor's own servers; each is loaded when the first of its kind starts. */
export const serverStarters: Starters = {
  zookeeper: () => Promise.reject(new Error('the ZooKeeper server is not part of this build yet')),
  broker: () => Promise.reject(new Error('the broker is not part of this build yet')),
};
