import { Reader } from '../../../../wire/reader.ts';
import { WireError } from '../../../../wire/wire-error.ts';
import { OpCode } from '../../../jute/op-code.ts';
import type { Transaction } from '../../../tree/transactions/transaction.ts';
import { readMulti } from '../../../tree/requests/write-ops.ts';

/**
 * What a server of 3.4 can't read. It breaks down of it: as a follower it leaves, comes back, gets the same again, and so without
 * end; as a leader it closes the connection of the follower that asked.
 */

/** What has no counterpart in 3.4; create2 and deleteContainer do the same as create and delete. */
const beyond34 = new Set<number>([OpCode.createContainer, OpCode.createTTL, OpCode.reconfig]);

export function isBeyond34({ header, record }: Transaction): boolean {
  if (beyond34.has(header.type)) return true;
  return record.kind === 'multi' && record.parts.some((part) => beyond34.has(part.type));
}

/** Whether servers of 3.4 need another form of it. */
export function differsFor34({ header, record }: Transaction): boolean {
  if (header.type === OpCode.create2 || header.type === OpCode.deleteContainer) return true;
  return record.kind === 'multi' && record.parts.some((part) => part.type === OpCode.create2);
}

/** Whether a request must be refused while servers of 3.4 take part. */
export function asksBeyond34(op: number, body: Buffer, start: number, end: number): boolean {
  if (op !== OpCode.multi) return beyond34.has(op);
  return partsOf(body, start, end).some(({ type }) => beyond34.has(type));
}

/** A multi in which each create2 is a create. */
export function multiFor34(body: Buffer): Buffer {
  const asked = partsOf(body, 0, body.length).filter(({ type }) => type === OpCode.create2);
  if (asked.length === 0) return body;
  const copy = Buffer.from(body);
  for (const { at } of asked) copy.writeInt32BE(OpCode.create, at);
  return copy;
}

/** None when it can't be read: then its refusal is the leader's affair. */
function partsOf(body: Buffer, start: number, end: number): ReturnType<typeof readMulti> {
  try {
    return readMulti(new Reader(body, start, end));
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

/** The types that a client asked for in a multi. */
export function typesOf(body: Buffer, start: number, end: number): number[] {
  return partsOf(body, start, end).map(({ type }) => type);
}
