import { metadataFor, type JoinedMember, type Member, type Protocol } from './member.ts';

/** The members of a group: by id, by instance, who leads, and which protocols all of them know. */
export class MemberList {
  private readonly byId = new Map<string, Member>();
  private readonly idByInstance = new Map<string, string>();
  /** How many members list a protocol. */
  private readonly supporters = new Map<string, number>();
  leaderId: string | null = null;

  get size(): number {
    return this.byId.size;
  }

  get(id: string): Member | undefined {
    return this.byId.get(id);
  }

  has(id: string): boolean {
    return this.byId.has(id);
  }

  idOfInstance(instanceId: string): string | undefined {
    return this.idByInstance.get(instanceId);
  }

  [Symbol.iterator](): IterableIterator<Member> {
    return this.byId.values();
  }

  /** The first member leads. */
  add(member: Member): void {
    this.byId.set(member.id, member);
    if (member.instanceId !== null) this.idByInstance.set(member.instanceId, member.id);
    this.leaderId ??= member.id;
    this.count(member.protocols, 1);
  }

  /** When the leader goes, the member that has been there longest follows. */
  remove(member: Member): void {
    this.byId.delete(member.id);
    if (member.instanceId !== null) this.idByInstance.delete(member.instanceId);
    this.count(member.protocols, -1);
    if (this.leaderId === member.id) this.leaderId = this.byId.keys().next().value ?? null;
  }

  setProtocols(member: Member, protocols: readonly Protocol[]): void {
    this.count(member.protocols, -1);
    member.protocols = protocols;
    this.count(protocols, 1);
  }

  /** The same member under another id: a static member that came back (KIP-345). */
  rename(member: Member, id: string): void {
    const wasLeader = this.leaderId === member.id;
    this.byId.delete(member.id);
    member.id = id;
    this.byId.set(id, member);
    if (member.instanceId !== null) this.idByInstance.set(member.instanceId, id);
    if (wasLeader) this.leaderId = id;
  }

  /** Whether all members know one of these protocols. */
  shareOneOf(protocols: readonly Protocol[]): boolean {
    return protocols.some((protocol) => this.supporters.get(protocol.name) === this.byId.size);
  }

  /** Each member votes for the first of its protocols that all know. Most votes win, in a tie the first that was voted for. */
  electProtocol(): string | null {
    const votes = new Map<string, number>();
    for (const member of this.byId.values()) {
      const choice = member.protocols.find((p) => this.supporters.get(p.name) === this.byId.size)?.name;
      if (choice !== undefined) votes.set(choice, (votes.get(choice) ?? 0) + 1);
    }
    let winner: string | null = null;
    for (const [name, count] of votes) if (winner === null || count > votes.get(winner)!) winner = name;
    return winner;
  }

  /** What the leader gets to know of everybody. */
  joined(protocolName: string | null): JoinedMember[] {
    return [...this.byId.values()].map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      metadata: metadataFor(member, protocolName),
    }));
  }

  largestRebalanceTimeoutMs(): number {
    let most = 0;
    for (const member of this.byId.values()) most = Math.max(most, member.rebalanceTimeoutMs);
    return most;
  }

  private count(protocols: readonly Protocol[], by: 1 | -1): void {
    for (const name of new Set(protocols.map((protocol) => protocol.name)))
      this.supporters.set(name, (this.supporters.get(name) ?? 0) + by);
  }
}
