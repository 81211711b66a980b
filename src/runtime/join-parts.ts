/** Up to here everything is joined: that costs less than handing over parts. */
const JOIN_ALL_BYTES = 4096;
/** Smaller parts are joined with their neighbours; larger ones cost more to copy than to hand over (measured: bench/micro/write.ts). */
const SMALL_BYTES = 1024;

/** Buffers to send, runs of small ones joined, large ones as they are. */
export function joinParts(parts: Buffer[], totalBytes: number): Buffer[] {
  if (parts.length === 1) return parts;
  if (totalBytes <= JOIN_ALL_BYTES) return [Buffer.concat(parts, totalBytes)];
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
