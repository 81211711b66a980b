import type { LogSegment } from './segment.ts';

/** The segments of a log, by base offset. There is always at least one; appends go to the last. */
export class SegmentList {
  private list: LogSegment[] = [];

  get all(): readonly LogSegment[] {
    return this.list;
  }

  get active(): LogSegment {
    return this.list[this.list.length - 1]!;
  }

  get first(): LogSegment {
    return this.list[0]!;
  }

  get sizeBytes(): number {
    let bytes = 0;
    for (const segment of this.list) bytes += segment.sizeBytes;
    return bytes;
  }

  /** Puts a segment in its place; one with the same base offset is replaced. */
  add(segment: LogSegment): void {
    const index = this.floorIndex(segment.baseOffset);
    const same = index >= 0 && this.list[index]!.baseOffset === segment.baseOffset;
    this.list.splice(same ? index : index + 1, same ? 1 : 0, segment);
  }

  remove(segment: LogSegment): void {
    this.list = this.list.filter((other) => other !== segment);
  }

  /** Index of the last segment that begins at or before `offset`; -1: none. */
  floorIndex(offset: number): number {
    let low = -1;
    let high = this.list.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.list[middle]!.baseOffset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** Where segment `index` ends: the base offset of the next one. */
  endOffset(index: number, logEndOffset: number): number {
    return this.list[index + 1]?.baseOffset ?? logEndOffset;
  }
}
