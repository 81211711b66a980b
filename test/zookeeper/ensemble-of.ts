import { Ensemble } from '../../src/zookeeper/quorum/configuration/ensemble.ts';
import type { Hierarchy } from '../../src/zookeeper/quorum/configuration/quorum-verifier.ts';

/** Servers zk1, zk2, …; those of the second list observe. */
export function ensembleOf(
  voters: readonly number[],
  observers: readonly number[] = [],
  version = 0,
  hierarchy: Hierarchy | null = null,
): Ensemble {
  const member = (id: number, role: 'participant' | 'observer') => ({
    id,
    addresses: [{ host: `zk${id}`, quorumPort: 2888, electionPort: 3888 }],
    role,
    client: { host: '0.0.0.0', port: 2181 },
  });
  return new Ensemble(
    [...voters.map((id) => member(id, 'participant')), ...observers.map((id) => member(id, 'observer'))],
    hierarchy,
    version,
  );
}
