/** Looks at the brokers' disks: what the replicas of a partition have in their log files. */
import {
  baseOffset,
  crcField,
  crcValid,
  magic,
  sizeInBytes,
  V2_HEADER_BYTES,
  lastOffset,
  partitionLeaderEpoch,
} from '../src/kafka/records/batch.ts';
import type { Digests, Files } from '../src/runtime/runtime.ts';
import { topic } from './clients.ts';
import type { Machine } from './cluster.ts';

interface StoredBatch {
  readonly offset: number;
  readonly end: number;
  readonly epoch: number;
  readonly crc: number;
}

/** By partition's folder. */
type Replicas = Map<string, StoredBatch[]>;

const FOLDER = '/logs';

/** What a broker's disk has of the topic, what is torn at their ends left out. */
function replicasOf({ host }: Machine): Replicas {
  const { files } = host.disk;
  const found: Replicas = new Map();
  if (!files.exists(FOLDER)) return found;
  for (const partition of files.list(FOLDER)) {
    const folder = `${FOLDER}/${partition}`;
    if (!partition.startsWith(`${topic}-`)) continue;
    const batches: StoredBatch[] = [];
    for (const name of files.list(folder))
      if (name.endsWith('.log'))
        addBatches(host.runtime.digests, contentOf(files, `${folder}/${name}`), batches);
    found.set(partition, batches);
  }
  return found;
}

function contentOf(files: Files, path: string): Buffer {
  const file = files.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0, bytes.length, 0);
  file.close();
  return bytes;
}

/** Up to what a loss of power left unfinished, which recovery is yet to cut off. */
function addBatches(digests: Digests, bytes: Buffer, batches: StoredBatch[]): void {
  for (let at = 0; at + V2_HEADER_BYTES <= bytes.length;) {
    const size = sizeInBytes(bytes, at);
    const isWhole = size >= V2_HEADER_BYTES && at + size <= bytes.length;
    if (!isWhole || magic(bytes, at) !== 2 || !crcValid(digests, bytes, at, size)) return;
    batches.push({
      offset: baseOffset(bytes, at),
      end: lastOffset(bytes, at) + 1,
      epoch: partitionLeaderEpoch(bytes, at),
      crc: crcField(bytes, at),
    });
    at += size;
  }
}

/**
 * What every log ever had, by partition, offset and leader epoch. An epoch has one leader, which appends once: so two batches with the same
 * three and different content are the work of two leaders, or of a follower that took from two.
 */
export class LogHistory {
  private readonly known = new Map<string, number>();
  private readonly broken: string[];

  constructor(broken: string[]) {
    this.broken = broken;
  }

  look(machine: Machine): void {
    for (const [partition, batches] of replicasOf(machine)) {
      let epoch = -1;
      let end = -1;
      for (const batch of batches) {
        const key = `${partition} ${batch.offset} ${batch.epoch}`;
        const crc = this.known.get(key);
        if (crc === undefined) this.known.set(key, batch.crc);
        else if (crc !== batch.crc)
          return this.say(`${partition} had two batches at offset ${batch.offset} in epoch ${batch.epoch}`);
        if (batch.epoch < epoch)
          return this.say(`${partition} of ${machine.host.name} has epoch ${batch.epoch} after ${epoch}`);
        if (end >= 0 && batch.offset !== end)
          return this.say(`${partition} of ${machine.host.name} has offset ${batch.offset} after ${end}`);
        ({ epoch, end } = batch);
      }
    }
  }

  private say(sentence: string): void {
    if (!this.broken.includes(sentence)) this.broken.push(sentence);
  }
}

/** Null when all replicas have the same batches, else where they differ. */
export function whereReplicasDiffer(machines: readonly Machine[]): string | null {
  const all = machines.map((machine) => ({ name: machine.host.name, has: replicasOf(machine) }));
  const [first, ...others] = all;
  for (const other of others)
    for (const [partition, batches] of first!.has) {
      const theirs = other.has.get(partition) ?? [];
      const longer = Math.max(batches.length, theirs.length);
      for (let i = 0; i < longer; i++) {
        const [a, b] = [batches[i], theirs[i]];
        if (a?.offset !== b?.offset || a?.epoch !== b?.epoch || a?.crc !== b?.crc)
          return `${partition}: ${first!.name} has ${inWords(a)}, where ${other.name} has ${inWords(b)}`;
      }
    }
  return null;
}

function inWords(batch: StoredBatch | undefined): string {
  return batch === undefined
    ? 'nothing'
    : `offset ${batch.offset} of epoch ${batch.epoch} (${(batch.crc >>> 0).toString(16)})`;
}
