/** A member of a classic group, as the coordinator knows it. */
export interface Member {
  id: string;
  readonly instanceId: string | null;
  clientId: string;
  /** As Apache writes it: an address behind a slash. */
  clientHost: string;
  rebalanceTimeoutMs: number;
  sessionTimeoutMs: number;
  /** In the order in which the member prefers them. */
  protocols: readonly Protocol[];
  assignment: Buffer;
  /** Its first join hasn't been answered yet. */
  isNew: boolean;
  /** Its join that waits for the others. */
  joining: JoinReply | null;
  /** Its sync that waits for the leader. */
  syncing: SyncReply | null;
  /** When it's taken for dead, on the monotonic clock. */
  expiresAt: number;
}

export interface Protocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinAnswer {
  readonly code: number;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string;
  readonly memberId: string;
  /** For the leader: it shall keep the assignment that the group has (KIP-814). */
  readonly skipAssignment: boolean;
  /** Of the leader only: everybody, with the metadata of the chosen protocol. */
  readonly members: readonly JoinedMember[];
}

export interface JoinedMember {
  readonly memberId: string;
  readonly groupInstanceId: string | null;
  readonly metadata: Buffer;
}

export interface SyncAnswer {
  readonly code: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

export type JoinReply = (answer: JoinAnswer) => void;
export type SyncReply = (answer: SyncAnswer) => void;

const NO_GENERATION = -1;
export const NO_BYTES = Buffer.alloc(0);

export function refusedJoin(code: number, memberId: string): JoinAnswer {
  return {
    code,
    generation: NO_GENERATION,
    protocolType: null,
    protocolName: null,
    leaderId: '',
    memberId,
    skipAssignment: false,
    members: [],
  };
}

export function refusedSync(code: number): SyncAnswer {
  return { code, protocolType: null, protocolName: null, assignment: NO_BYTES };
}

/** What the member said for a protocol; empty when it doesn't list it. */
export function metadataFor(member: Member, protocolName: string | null): Buffer {
  return member.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? NO_BYTES;
}

export function sameProtocols(a: readonly Protocol[], b: readonly Protocol[]): boolean {
  return (
    a.length === b.length &&
    a.every((protocol, i) => protocol.name === b[i]!.name && protocol.metadata.equals(b[i]!.metadata))
  );
}
