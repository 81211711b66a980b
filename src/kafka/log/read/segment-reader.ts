import type { SpareBuffers } from '../../../wire/spare-buffers.ts';
import { HEADER_UP_TO_MAGIC_BYTES, batchSize, lastOffset, sizeInBytes } from '../../records/batch.ts';
import type { ReadResult } from '../log-types.ts';
import type { SegmentList } from '../segment/segment-list.ts';
import type { LogSegment } from '../segment/segment.ts';

/** What one read gives at most (a single batch may be larger): clients may ask for 2 GiB, but memory is shared by all. */
const MAX_READ_BYTES = 4 * 1024 * 1024;
/** Readers go on where they stopped; so many such places are remembered. */
const REMEMBERED_PLACES = 8;

interface Place {
  offset: number;
  segment: LogSegment | null;
  position: number;
}

/** Reads whole batches from the files of a log. */
export class SegmentReader {
  private readonly segments: SegmentList;
  private readonly spares: SpareBuffers;
  private readonly places: Place[] = [];
  private nextPlace = 0;

  constructor(segments: SegmentList, spares: SpareBuffers) {
    this.segments = segments;
    this.spares = spares;
  }

  /** Positions are no longer right. */
  forget(): void {
    for (const place of this.places) place.segment = null;
  }

  read(
    fromOffset: number,
    maxBytes: number,
    upTo: number,
    logEndOffset: number,
    minOneBatch: boolean,
  ): ReadResult {
    const all = this.segments.all;
    for (let i = Math.max(this.segments.floorIndex(fromOffset), 0); i < all.length; i++) {
      const segment = all[i]!;
      if (segment.baseOffset >= upTo) break;
      const position = this.positionIn(segment, fromOffset);
      if (position < 0) continue; // the offset was compacted away; it goes on in the next segment
      const end = this.segments.endOffset(i, logEndOffset);
      return this.readSegment(segment, position, fromOffset, maxBytes, upTo, end, minOneBatch);
    }
    return nothing(fromOffset);
  }

  private positionIn(segment: LogSegment, fromOffset: number): number {
    for (const place of this.places)
      if (place.segment === segment && place.offset === fromOffset && place.position < segment.sizeBytes)
        return place.position;
    return segment.positionOf(fromOffset);
  }

  private readSegment(
    segment: LogSegment,
    position: number,
    fromOffset: number,
    maxBytes: number,
    upTo: number,
    segmentEnd: number,
    minOneBatch: boolean,
  ): ReadResult {
    const available = segment.sizeBytes - position;
    const wanted = Math.min(Math.max(maxBytes, minOneBatch ? HEADER_UP_TO_MAGIC_BYTES : 0), MAX_READ_BYTES);
    let bytes = this.readBytes(segment, position, Math.min(wanted, available));
    if (upTo >= segmentEnd && bytes.length === available)
      return this.result(segment, bytes, bytes.length, fromOffset, segmentEnd, position);
    let at = 0;
    let nextOffset = fromOffset;
    while (at < bytes.length) {
      const size = batchSize(bytes, at, bytes.length);
      if (size < 0) {
        if (at > 0 || !minOneBatch || bytes.length < HEADER_UP_TO_MAGIC_BYTES) break;
        const whole = sizeInBytes(bytes, 0);
        if (whole > available) break;
        this.spares.give(bytes);
        bytes = this.readBytes(segment, position, whole);
        continue;
      }
      const last = lastOffset(bytes, at);
      if (last >= upTo) break;
      at += size;
      nextOffset = last + 1;
      if (at >= maxBytes) break;
    }
    return this.result(segment, bytes, at, fromOffset, nextOffset, position);
  }

  private result(
    segment: LogSegment,
    memory: Buffer,
    sizeBytes: number,
    fromOffset: number,
    nextOffset: number,
    position: number,
  ): ReadResult {
    if (sizeBytes === 0) {
      this.spares.give(memory);
      return nothing(fromOffset);
    }
    this.remember(nextOffset, segment, position + sizeBytes);
    const records = sizeBytes === memory.length ? memory : memory.subarray(0, sizeBytes);
    return { records: [records], sizeBytes, nextOffset, memory };
  }

  private readBytes(segment: LogSegment, position: number, length: number): Buffer {
    const memory = this.spares.take(length);
    const count = segment.readInto(memory, length, position);
    return count === length ? memory : memory.subarray(0, count);
  }

  private remember(offset: number, segment: LogSegment, position: number): void {
    const place = this.places[this.nextPlace];
    if (place === undefined) this.places.push({ offset, segment, position });
    else {
      place.offset = offset;
      place.segment = segment;
      place.position = position;
    }
    this.nextPlace = (this.nextPlace + 1) % REMEMBERED_PLACES;
  }
}

function nothing(fromOffset: number): ReadResult {
  return { records: [], sizeBytes: 0, nextOffset: fromOffset, memory: null };
}
