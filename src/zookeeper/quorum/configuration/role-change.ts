import type { MemberConfig } from '../../server/config/server-line.ts';
import type { Ensemble } from './ensemble.ts';
import { quorumAddress } from './reconfigure.ts';

/** A server's place in one configuration. */
export interface Place {
  readonly ensemble: Ensemble;
  readonly self: MemberConfig;
}

/** Why a server's role ends by a reconfiguration, and whom it takes for the leader without a vote; null: there is to be a vote. */
export interface RoleChange {
  readonly reason: string;
  readonly appointed: number | null;
}

/**
 * What a configuration that comes into force means for the role of a server for which `elected` leads; null: it goes on.
 * `designated`: who leads from now on, if that was told.
 */
export function roleChange(
  before: Place,
  now: Place,
  elected: number,
  designated: number | null,
): RoleChange | null {
  const leader = designated ?? elected;
  const stays =
    designated !== null || quorumAddress(before.ensemble, leader) === quorumAddress(now.ensemble, leader);
  const isSameRole = before.self.role === now.self.role;
  if (leader === elected && stays && isSameRole) return null;
  const isKnown = stays && (designated !== null || now.ensemble.isVoter(leader));
  return { reason: reasonOf(leader, elected, isSameRole, now.self), appointed: isKnown ? leader : null };
}

function reasonOf(leader: number, elected: number, isSameRole: boolean, { role }: MemberConfig): string {
  if (leader !== elected) return `the ensemble was reconfigured, and server ${leader} leads from now on`;
  return isSameRole
    ? 'the ensemble was reconfigured, and its leader moved'
    : `the ensemble was reconfigured, and this server is ${role === 'observer' ? 'an observer' : 'a participant'} from now on`;
}
