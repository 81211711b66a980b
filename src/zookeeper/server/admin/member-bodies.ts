import type { Body } from './admin-bodies.ts';
import type { MemberView } from '../member-view.ts';
import type { MemberConfig } from '../config/server-line.ts';
import { hex, type ServerView } from '../server-view.ts';

/** What the admin server's commands about an ensemble tell; of a server that stands alone they tell next to nothing. */

/** The member, unless it serves without its ensemble. */
function memberOf(server: ServerView | null): MemberView | null {
  return server === null || server.mode === 'read-only' ? null : server.member;
}

/** Null: there is no ensemble. */
export function leaderOf(server: ServerView): Body | null {
  const member = memberOf(server);
  if (member === null) return null;
  const { leader } = member;
  const hosts = leader.addresses.map(({ host }) => host).join('|');
  return { is_leader: server.mode === 'leader', leader_id: leader.id, leader_ip: hosts };
}

export function votingView(server: ServerView): Body {
  const member = memberOf(server);
  if (member === null) return { current_config: {} };
  const config: Record<string, Body> = {};
  for (const voter of member.members.filter(({ role }) => role === 'participant'))
    config[voter.id] = {
      server_addresses: voter.addresses.map(({ host, quorumPort }) => address(host, quorumPort)),
      election_addresses: voter.addresses.map(({ host, electionPort }) => address(host, electionPort)),
      client_address: clientAddress(voter, member.self, server),
      learner_type: voter.role,
    };
  return { current_config: config };
}

export function zabState(server: ServerView | null): Body {
  const member = memberOf(server);
  if (server === null || member === null) return { voting: false, zabstate: '' };
  const { self, members } = member;
  const zxid = server.tree.lastZxid;
  return {
    myid: self.id,
    is_leader: server.mode === 'leader',
    quorum_address: addresses(self.addresses.map(({ host, quorumPort }) => [host, quorumPort])),
    election_address: addresses(self.addresses.map(({ host, electionPort }) => [host, electionPort])),
    client_address: clientAddress(self, self, server),
    voting: members.some(({ id, role }) => id === self.id && role === 'participant'),
    last_zxid: hex(zxid),
    zab_epoch: Math.floor(zxid / 2 ** 32),
    zab_counter: zxid % 2 ** 32,
    zabstate: 'broadcast',
  };
}

export function observers(server: ServerView): Body {
  const facts = memberOf(server)?.observers() ?? [];
  return {
    synced_observers: facts.length,
    observers: facts.map((observer) => ({
      remote_socket_address: `/${observer.place}`,
      sid: observer.id,
      established: observer.establishedAtMs,
      queued_packets: observer.queuedPackets,
      queued_packets_size: observer.queuedBytes,
      packets_received: observer.received,
      packets_sent: observer.sent,
      requests: observer.requests,
      last_zxid: observer.lastZxid,
    })),
  };
}

export function resetObservers(server: ServerView): Body {
  memberOf(server)?.resetObservers();
  return {};
}

const address = (host: string, port: number): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;

/** That of the server itself is known in any case, that of others by their lines alone. */
function clientAddress(of: MemberConfig, self: MemberConfig, { config, clientPort }: ServerView): string {
  if (of.client !== null) return address(of.client.host, of.client.port);
  return of.id === self.id ? address(config.clientPortAddress || '0.0.0.0', clientPort) : '';
}

/** As Apache's servers show a set of addresses; which of them answer isn't tried here. */
function addresses(list: readonly (readonly [host: string, port: number])[]): Body {
  const all = list.map(([host, port]) => address(host, port));
  return {
    empty: all.length === 0,
    all_addresses: all,
    wildcard_addresses: list.map(([, port]) => `0.0.0.0:${port}`),
    all_ports: list.map(([, port]) => port),
    all_host_strings: list.map(([host]) => host),
    reachable_address: all[0],
    all_reachable_addresses: all,
    all_reachable_addresses_or_all: all,
    reachable_or_one: all[0],
    one: all[0],
  };
}
