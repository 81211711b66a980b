/** What Apache's servers said to each other, as it was recorded. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { packetName } from '../../src/zookeeper/quorum/zab/packets/packets.ts';

export interface TraceFrame {
  /** Seconds since the recording began. */
  readonly at: number;
  readonly connection: number;
  /** The server that sent it. */
  readonly from: number;
  /** Of the quorum port: the packet's name, or SNAPSHOT-BODY; of the election port INITIAL or NOTIFICATION. */
  readonly kind: string;
  readonly hex: string;
}

export interface TraceConnection {
  readonly id: number;
  readonly port: 'election' | 'quorum';
  readonly dialer: number;
  readonly acceptor: number;
  readonly openedAt: number;
  readonly closedAt: number;
}

export interface QuorumTrace {
  readonly name: string;
  readonly servers: readonly {
    readonly id: number;
    readonly version: string;
    readonly role: string;
    /** Java properties, name=value. */
    readonly properties: readonly string[];
  }[];
  readonly config: {
    readonly tickTime: number;
    readonly initLimit: number;
    readonly syncLimit: number;
    readonly servers: readonly string[];
  };
  readonly connections: readonly TraceConnection[];
  readonly frames: readonly TraceFrame[];
}

export function quorumTraces(): QuorumTrace[] {
  const file = 'test/fixtures/zookeeper-wire/traces-quorum.json.gz';
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as QuorumTrace[];
}

/** Its name has as many letters as 127.0.0.1, where all of them were recorded: no length changes. */
export const hostOf = (id: number): string => `zk-host-${id}`;

/** Addresses of the recording become those of hosts of their own. */
export function withHosts(text: string): string {
  return text.replace(/127\.0\.0\.1:232(\d)([12])/g, (_, id: string, port: string) => {
    return `${hostOf(Number(id))}:232${id}${port}`;
  });
}

export function bytesOf({ hex }: TraceFrame): Buffer {
  return Buffer.from(withHosts(Buffer.from(hex, 'hex').toString('latin1')), 'latin1');
}

export const zxidOf = (bytes: Buffer): number => Number(bytes.readBigInt64BE(4));

export const kindOf = (bytes: Buffer): string => packetName(bytes.readInt32BE(0));

/** type, zxid and length of the data stand before it */
const DATA_AT = 16;

export function dataOf(bytes: Buffer): Buffer {
  const length = bytes.readInt32BE(12);
  return bytes.subarray(DATA_AT, DATA_AT + Math.max(0, length));
}

/**
 * The transactions of a server whose log ended with `last`: of earlier epochs those that were committed, of the last one all. The
 * packets are PROPOSALs.
 */
export function logUpTo(trace: QuorumTrace, last: number): { zxid: number; packet: Buffer }[] {
  const quorum = trace.frames.filter(({ connection }) =>
    trace.connections.some(({ id, port }) => id === connection && port === 'quorum'),
  );
  const epochOfLast = Math.floor(last / 2 ** 32);
  const committed = new Set<number>();
  const packets = new Map<number, Buffer>();
  for (const frame of quorum) {
    const bytes = bytesOf(frame);
    if (['COMMIT', 'COMMITANDACTIVATE', 'INFORM', 'INFORMANDACTIVATE'].includes(frame.kind))
      committed.add(zxidOf(bytes));
    if (frame.kind === 'PROPOSAL') packets.set(zxidOf(bytes), bytes);
  }
  return [...packets]
    .map(([zxid, packet]) => ({ zxid, packet }))
    .filter(({ zxid }) => zxid <= last && (committed.has(zxid) || Math.floor(zxid / 2 ** 32) === epochOfLast))
    .sort((a, b) => a.zxid - b.zxid);
}
