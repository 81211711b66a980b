/** A member of an ensemble, as a `server.N` line names it. */
export interface MemberConfig {
  readonly id: number;
  readonly addresses: readonly {
    readonly host: string;
    readonly quorumPort: number;
    readonly electionPort: number;
  }[];
  readonly role: 'participant' | 'observer';
  readonly client: { readonly host: string; readonly port: number } | null;
}

export const SERVER_LINE_FORM =
  'host:quorumPort:electionPort, optionally :participant or :observer behind it and ;clientPort at the end';

/** Reads the value of `server.N`; a string says what is wrong with it. */
export function readServerLine(id: number, value: string): MemberConfig | string {
  const [servers = '', client, extra] = value.split(';');
  if (extra !== undefined) return 'there is more than one ;';
  let role: 'participant' | 'observer' | null = null;
  const addresses: { host: string; quorumPort: number; electionPort: number }[] = [];
  for (const part of servers.split('|')) {
    const match = /^(\[[0-9A-Fa-f:.%]+\]|[^:[\]]+):(\d+)(?::(\d+))?(?::(\w+))?$/.exec(part.trim());
    if (match === null) return `"${part.trim()}" is not of that form`;
    const quorumPort = readPort(match[2]!);
    if (match[3] === undefined) return 'the election port is missing';
    const electionPort = readPort(match[3]);
    if (quorumPort === null || electionPort === null) return 'a port is a number from 1 to 65535';
    if (quorumPort === electionPort) return 'quorum port and election port are the same; they must differ';
    if (match[4] !== undefined) {
      const named = match[4].toLowerCase();
      if (named !== 'participant' && named !== 'observer')
        return `"${match[4]}" is not a role: participant or observer`;
      if (role !== null && role !== named) return 'its addresses have different roles';
      role = named;
    }
    addresses.push({ host: match[1]!.replace(/[[\]]/g, ''), quorumPort, electionPort });
  }
  if (client === undefined || client === '')
    return { id, addresses, role: role ?? 'participant', client: null };
  const at = /^(?:(\[[^\]]+\]|[^:]*):)?(\d+)$/.exec(client.trim());
  const clientPort = at === null ? null : readPort(at[2]!);
  if (at === null || clientPort === null) return `"${client}" is not a client port`;
  const host = (at[1] ?? '').replace(/[[\]]/g, '') || '0.0.0.0';
  return { id, addresses, role: role ?? 'participant', client: { host, port: clientPort } };
}

function readPort(text: string): number | null {
  const value = Number(text);
  return value >= 1 && value <= 65535 ? value : null;
}
