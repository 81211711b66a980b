/** Up to here everything is joined: that costs less than handing over parts. */
const JOIN_ALL_BYTES = 4096;
/** Smaller parts are joined with their neighbours; larger ones cost more to copy than to hand over (measured: bench/micro/write.ts). */
const SMALL_BYTES = 1024;

/** Buffers to send, runs of small ones joined, large ones as they are, and as one what lies in one piece anyway. */
export function joinParts(all: Buffer[], totalBytes: number): Buffer[] {
  if (all.length === 1) return all;
  if (totalBytes <= JOIN_ALL_BYTES) return [Buffer.concat(all, totalBytes)];
  const parts = joinNeighbours(all);
  const joined: Buffer[] = [];
  let from = 0;
  let runBytes = 0;
  for (let i = 0; i <= parts.length; i++) {
    const part = parts[i];
    if (part !== undefined && part.length < SMALL_BYTES) {
      runBytes += part.length;
      continue;
    }
    if (i - from === 1) joined.push(parts[from]!);
    else if (i > from) joined.push(Buffer.concat(parts.slice(from, i), runBytes));
    if (part !== undefined) joined.push(part);
    from = i + 1;
    runBytes = 0;
  }
  return joined;
}

/** Views of the same memory, one right behind the other, become one. */
function joinNeighbours(parts: Buffer[]): Buffer[] {
  const joined: Buffer[] = [];
  for (let i = 0; i < parts.length;) {
    const first = parts[i++]!;
    const memory = first.buffer;
    let end = first.byteOffset + first.length;
    const from = i;
    for (let next = parts[i]; next !== undefined; next = parts[++i]) {
      if (next.buffer !== memory || next.byteOffset !== end) break;
      end += next.length;
    }
    joined.push(i === from ? first : Buffer.from(memory, first.byteOffset, end - first.byteOffset));
  }
  return joined;
}
