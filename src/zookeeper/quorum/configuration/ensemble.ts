import type { ZooKeeperConfig } from '../../server/config/config.ts';
import type { MemberConfig } from '../../server/config/server-line.ts';
import { hierarchyOf, majorityOf, type Hierarchy, type QuorumVerifier } from './quorum-verifier.ts';

/** The servers of an ensemble and how they are counted, as of one version. It never changes; a reconfiguration makes another one. */
export class Ensemble {
  /** By number. */
  readonly members: readonly MemberConfig[];
  /** Null: each voter counts once. */
  readonly hierarchy: Hierarchy | null;
  /** The zxid that brought it; 0 for what a file says before anybody agreed on it. */
  readonly version: number;
  readonly voters: readonly number[];
  readonly verifier: QuorumVerifier;
  private shown: string | null = null;

  constructor(members: readonly MemberConfig[], hierarchy: Hierarchy | null = null, version = 0) {
    this.members = [...members].sort((a, b) => a.id - b.id);
    this.hierarchy = hierarchy;
    this.version = version;
    this.voters = this.members.filter(({ role }) => role === 'participant').map(({ id }) => id);
    this.verifier = hierarchy === null ? majorityOf(this.voters) : hierarchyOf(this.voters, hierarchy);
  }

  member(id: number): MemberConfig | undefined {
    return this.members.find((member) => member.id === id);
  }

  isVoter(id: number): boolean {
    return this.voters.includes(id);
  }

  /** The same servers, agreed on at another time. */
  at(version: number): Ensemble {
    return version === this.version ? this : new Ensemble(this.members, this.hierarchy, version);
  }

  /** Lines without the version, in the order in which Apache's servers tell them. */
  get lines(): string[] {
    const { members, hierarchy } = this;
    const lines = members.map((member) => `server.${member.id}=${serverSpec(member)}`);
    if (hierarchy === null) return lines;
    const groups = [...hierarchy.groups].sort(([a], [b]) => a - b);
    for (const [id, group] of groups) lines.push(`group.${id}=${group.join(':')}`);
    for (const { id } of members)
      if (this.isVoter(id)) lines.push(`weight.${id}=${hierarchy.weights.get(id) ?? 1}`);
    return lines;
  }

  /** As notifications, NEWLEADER and /zookeeper/config have it. */
  get text(): string {
    return (this.shown ??= [...this.lines, `version=${this.version.toString(16)}`].join('\n'));
  }
}

/** What zoo.cfg says. */
export function ensembleOf({
  members,
  hierarchy,
  configVersion,
}: Pick<ZooKeeperConfig, 'members' | 'hierarchy' | 'configVersion'>): Ensemble {
  return new Ensemble(members, hierarchy, configVersion);
}

/** The value of a member's `server.N` line, in full; several addresses stand in the order of their hosts, as Apache's servers have them. */
export function serverSpec({ addresses, role, client }: MemberConfig): string {
  const at = inOrder(addresses)
    .map(({ host, quorumPort, electionPort }) => `${bracketed(host)}:${quorumPort}:${electionPort}`)
    .join('|');
  return `${at}:${role}${client === null ? '' : `;${bracketed(client.host)}:${client.port}`}`;
}

/** By their hosts: the order in which they were written means nothing. */
export function inOrder(addresses: MemberConfig['addresses']): MemberConfig['addresses'] {
  return [...addresses].sort((a, b) => (a.host < b.host ? -1 : a.host > b.host ? 1 : 0));
}

/** IPv6 addresses stand in brackets before a port. */
export function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
