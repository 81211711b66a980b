/** Which partition of an internal topic, of `partitions`, an id belongs to: Java's `String.hashCode` over UTF-16 units. */
export function partitionFor(id: string, partitions: number): number {
  let hash = 0;
  for (let i = 0; i < id.length; i++) hash = (Math.imul(hash, 31) + id.charCodeAt(i)) | 0;
  return hash === -0x8000_0000 ? 0 : Math.abs(hash) % partitions;
}
