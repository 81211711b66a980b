const SLAB_BYTES = 64 * 1024;
const GRANULE_BITS = 4;
const GRANULES_BITS = 12;
/** What is larger gets a slab of its own. */
const LARGEST_IN_SLAB = SLAB_BYTES / 4;
const NONE = 0xffff;

/** One piece of memory, cut into slots of the same size. Free slots are a list that runs through the slots themselves. */
class Slab {
  readonly buffer: Buffer;
  /** -1: a single large piece. */
  readonly sizeClass: number;
  number = -1;
  used = 0;
  /** First free slot that was used before (in granules), or NONE. */
  free = NONE;
  /** Where the slots begin that were never used (in bytes). */
  fresh = 0;
  /** Where it stands among its class's slabs with room; -1 when full. */
  place = -1;

  constructor(buffer: Buffer, sizeClass: number) {
    this.buffer = buffer;
    this.sizeClass = sizeClass;
  }
}

/**
 * Memory for many small pieces of bytes that live long and come and go: a Buffer each would cost some 300 bytes more and as many
 * objects for the garbage collector to look at. A piece is known by a handle, an integer below 2^31. Slots are 16 bytes to
 * 16 KiB, at most an eighth larger than asked for; slabs without slots in use are given back.
 */
export class Cells {
  /** Bytes of all slabs. */
  capacityBytes = 0;
  private readonly slabs: (Slab | null)[] = [];
  /** The same buffers again: one load less for those who read. */
  private readonly buffers: (Buffer | null)[] = [];
  private readonly unusedNumbers: number[] = [];
  /** By size class: slabs with room. */
  private readonly withRoom: Slab[][] = [];

  /** Room for `size` bytes; what is in it is undefined. */
  allocate(size: number): number {
    if (size > LARGEST_IN_SLAB) {
      const large = new Slab(Buffer.allocUnsafeSlow(size), -1);
      this.addSlab(large);
      return large.number << GRANULES_BITS;
    }
    const sizeClass = classOf(size);
    const slotBytes = classBytes(sizeClass);
    const candidates = (this.withRoom[sizeClass] ??= []);
    let slab = candidates[candidates.length - 1];
    if (slab === undefined) {
      slab = new Slab(Buffer.allocUnsafeSlow(SLAB_BYTES), sizeClass);
      slab.place = candidates.push(slab) - 1;
      this.addSlab(slab);
    }
    let granule: number;
    if (slab.free !== NONE) {
      granule = slab.free;
      const at = granule << GRANULE_BITS;
      slab.free = (slab.buffer[at]! << 8) | slab.buffer[at + 1]!;
    } else {
      granule = slab.fresh >> GRANULE_BITS;
      slab.fresh += slotBytes;
    }
    slab.used++;
    if (slab.free === NONE && slab.fresh + slotBytes > SLAB_BYTES) this.noRoom(slab, candidates);
    return (slab.number << GRANULES_BITS) | granule;
  }

  free(handle: number): void {
    const slab = this.slabs[handle >>> GRANULES_BITS]!;
    if (slab.sizeClass < 0) {
      this.removeSlab(slab);
      return;
    }
    const granule = handle & ((1 << GRANULES_BITS) - 1);
    const at = granule << GRANULE_BITS;
    slab.buffer[at] = slab.free >> 8;
    slab.buffer[at + 1] = slab.free;
    slab.free = granule;
    slab.used--;
    const candidates = this.withRoom[slab.sizeClass]!;
    if (slab.place < 0) slab.place = candidates.push(slab) - 1;
    // One is kept, so that a single znode that comes and goes doesn't cost a slab each time.
    if (slab.used === 0 && candidates.length > 1) {
      this.noRoom(slab, candidates);
      this.removeSlab(slab);
    }
  }

  /** Whether a piece of `before` bytes can hold `after` bytes without waste. */
  fits(before: number, after: number): boolean {
    if (before > LARGEST_IN_SLAB || after > LARGEST_IN_SLAB) return before === after;
    return classOf(before) === classOf(after);
  }

  /** The buffer that holds the piece, from `offset(handle)` on. */
  buffer(handle: number): Buffer {
    return this.buffers[handle >>> GRANULES_BITS]!;
  }

  offset(handle: number): number {
    return (handle & ((1 << GRANULES_BITS) - 1)) << GRANULE_BITS;
  }

  private addSlab(slab: Slab): void {
    const number = this.unusedNumbers.pop() ?? this.slabs.length;
    if (number >= 1 << (31 - GRANULES_BITS))
      throw new RangeError('the znodes take more than 32 GiB of memory');
    slab.number = number;
    this.slabs[number] = slab;
    this.buffers[number] = slab.buffer;
    this.capacityBytes += slab.buffer.length;
  }

  private removeSlab(slab: Slab): void {
    this.slabs[slab.number] = null;
    this.buffers[slab.number] = null;
    this.unusedNumbers.push(slab.number);
    this.capacityBytes -= slab.buffer.length;
  }

  private noRoom(slab: Slab, candidates: Slab[]): void {
    const last = candidates.pop()!;
    if (last !== slab) {
      candidates[slab.place] = last;
      last.place = slab.place;
    }
    slab.place = -1;
  }
}

/** Up to 128 bytes a class every 16 bytes; from there on eight classes for each doubling. */
function classOf(size: number): number {
  const granules = (size + 15) >> GRANULE_BITS;
  if (granules <= 8) return granules;
  const doublings = 28 - Math.clz32(granules - 1);
  return 8 + doublings * 8 + ((granules - 1) >> doublings) - 7;
}

function classBytes(sizeClass: number): number {
  if (sizeClass <= 8) return Math.max(sizeClass, 1) << GRANULE_BITS;
  const doublings = (sizeClass - 9) >> 3;
  return (((sizeClass - 9) & 7) + 9) << (doublings + GRANULE_BITS);
}
