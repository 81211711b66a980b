import { OpCode } from '../../jute/op-code.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import { readServerLine, type MemberConfig } from '../../server/config/server-line.ts';
import type { ReconfigChange } from '../../tree/requests/write-ops.ts';
import type { Transaction } from '../../tree/transactions/transaction.ts';
import { readEnsemble } from './ensemble-text.ts';
import { Ensemble, inOrder } from './ensemble.ts';

/** The configuration that a request asks for, as of `zxid`, or the ErrorCode for which it is refused. */
export function nextEnsemble(
  current: Ensemble,
  change: ReconfigChange,
  zxid: number,
  standaloneEnabled: boolean,
): Ensemble | number {
  const { fromVersion } = change;
  if (fromVersion !== -1 && fromVersion !== current.version) return ErrorCode.BadVersion;
  const next = change.newMembers === null ? changed(current, change) : whole(change.newMembers);
  if (next === null) return ErrorCode.BadArguments;
  return next.voters.length < (standaloneEnabled ? 2 : 1) ? ErrorCode.BadArguments : next.at(zxid);
}

/** Lines, or parts between commas. */
function whole(text: string): Ensemble | null {
  const next = readEnsemble(text.replaceAll(',', '\n'));
  return typeof next === 'string' ? null : next;
}

/** Some leave, then some join or change. Groups can't be changed that way. */
function changed(current: Ensemble, { joining, leaving }: ReconfigChange): Ensemble | null {
  if (current.hierarchy !== null) return null;
  const members = new Map(current.members.map((member) => [member.id, member]));
  for (const id of listed(leaving)) {
    if (!/^\d{1,9}$/.test(id)) return null;
    members.delete(Number(id));
  }
  for (const line of listed(joining)) {
    const match = /^(?:.*\.)?(\d{1,9})\s*=\s*(.+)$/.exec(line);
    const member = match === null ? null : readServerLine(Number(match[1]), match[2]!);
    if (member === null || typeof member === 'string' || member.client === null) return null;
    for (const other of members.values())
      if (other.id !== member.id && sharesPort(member, other)) return null;
    members.set(member.id, member);
  }
  return new Ensemble([...members.values()]);
}

function listed(text: string | null): string[] {
  return (text ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
}

function sharesPort(a: MemberConfig, b: MemberConfig): boolean {
  const ofB = new Set(endpoints(b));
  return endpoints(a).some((endpoint) => ofB.has(endpoint));
}

/** A client port on all addresses may be the same at each server. */
function endpoints({ addresses, client }: MemberConfig): string[] {
  const own = addresses.flatMap(({ host, quorumPort, electionPort }) => [
    `${host}:${quorumPort}`,
    `${host}:${electionPort}`,
  ]);
  return client === null || client.host === '0.0.0.0' ? own : [...own, `${client.host}:${client.port}`];
}

/** The configuration that a transaction brings; null: it brings none. */
export function ensembleIn({ header, record }: Transaction): Ensemble | null {
  if (header.type !== OpCode.reconfig || record.kind !== 'setData') return null;
  const next = readEnsemble(record.data?.toString() ?? '');
  return typeof next === 'string' ? null : next;
}

/** Who leads in the next configuration: whoever leads, if it stays a voter at the same address, else who acknowledged most. */
export function designate(
  self: number,
  current: Ensemble,
  next: Ensemble,
  acknowledged: readonly { readonly sid: number; readonly zxid: number }[],
): number {
  if (next.isVoter(self) && quorumAddress(current, self) === quorumAddress(next, self)) return self;
  const fit = acknowledged.filter(
    ({ sid }) => sid !== self && next.isVoter(sid) && next.verifier.weightOf(sid) > 0,
  );
  fit.sort((a, b) => b.zxid - a.zxid || b.sid - a.sid);
  return fit[0]?.sid ?? self;
}

export function quorumAddress(ensemble: Ensemble, id: number): string | null {
  const addresses = ensemble.member(id)?.addresses;
  return addresses === undefined
    ? null
    : inOrder(addresses)
        .map(({ host, quorumPort }) => `${host}:${quorumPort}`)
        .join('|');
}
