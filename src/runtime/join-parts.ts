/**
 * Buffers to send, with runs of small ones joined to at most `limit` bytes each: a few copied bytes cost less than many small
 * sends. What is larger is passed on as it is.
 */
export function joinParts(parts: Buffer[], totalBytes: number, limit: number): Buffer[] {
  if (parts.length === 1) return parts;
  if (totalBytes <= limit) return [Buffer.concat(parts, totalBytes)];
  const joined: Buffer[] = [];
  let from = 0;
  let runBytes = 0;
  for (let i = 0; i <= parts.length; i++) {
    const size = i < parts.length ? parts[i]!.length : limit;
    if (i > from && runBytes + size > limit) {
      joined.push(i - from === 1 ? parts[from]! : Buffer.concat(parts.slice(from, i), runBytes));
      from = i;
      runBytes = 0;
    }
    runBytes += size;
  }
  return joined;
}
