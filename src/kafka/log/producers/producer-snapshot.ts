import type { Digests } from '../../../runtime/runtime.ts';
import { int64At, writeInt64At } from '../../records/batch.ts';
import type { ProducerEntry } from './producer-state.ts';

const VERSION = 1;
const HEADER_BYTES = 10;
const ENTRY_BYTES = 46;

/** A `.snapshot` file: int16 version, CRC-32C of all that follows it, int32 count, entries of 46 bytes. */
export function encodeProducerSnapshot(digests: Digests, producers: Iterable<ProducerEntry>): Buffer {
  const entries = [...producers];
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + entries.length * ENTRY_BYTES);
  bytes.writeInt16BE(VERSION, 0);
  bytes.writeInt32BE(entries.length, 6);
  let at = HEADER_BYTES;
  for (const entry of entries) {
    const last = entry.batches[entry.batches.length - 1];
    writeInt64At(bytes, at, entry.producerId);
    bytes.writeInt16BE(entry.epoch, at + 8);
    bytes.writeInt32BE(last?.lastSequence ?? -1, at + 10);
    writeInt64At(bytes, at + 14, last?.lastOffset ?? -1);
    bytes.writeInt32BE(last?.offsetDelta ?? 0, at + 22);
    writeInt64At(bytes, at + 26, entry.lastTimestampMs);
    bytes.writeInt32BE(entry.coordinatorEpoch, at + 34);
    writeInt64At(bytes, at + 38, entry.txnFirstOffset);
    at += ENTRY_BYTES;
  }
  bytes.writeUInt32BE(digests.crc32c(bytes.subarray(6)), 2);
  return bytes;
}

/** null: not a snapshot that can be trusted. */
export function decodeProducerSnapshot(digests: Digests, bytes: Buffer): ProducerEntry[] | null {
  if (bytes.length < HEADER_BYTES || bytes.readInt16BE(0) !== VERSION) return null;
  if (bytes.readUInt32BE(2) !== digests.crc32c(bytes.subarray(6))) return null;
  const count = bytes.readInt32BE(6);
  if (count < 0 || bytes.length !== HEADER_BYTES + count * ENTRY_BYTES) return null;
  const entries: ProducerEntry[] = [];
  for (let at = HEADER_BYTES; at < bytes.length; at += ENTRY_BYTES) {
    const lastSequence = bytes.readInt32BE(at + 10);
    const lastTimestampMs = int64At(bytes, at + 26);
    const batch = {
      lastSequence,
      lastOffset: int64At(bytes, at + 14),
      offsetDelta: bytes.readInt32BE(at + 22),
      timestampMs: lastTimestampMs,
    };
    entries.push({
      producerId: int64At(bytes, at),
      epoch: bytes.readInt16BE(at + 8),
      batches: lastSequence < 0 ? [] : [batch],
      lastTimestampMs,
      coordinatorEpoch: bytes.readInt32BE(at + 34),
      txnFirstOffset: int64At(bytes, at + 38),
    });
  }
  return entries;
}
