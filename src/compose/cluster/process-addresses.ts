import { createHash } from 'node:crypto';

/**
 * Loopback addresses for the services of a project: `127.a.b.n` for the others, `127.a.b.(128 + n)` as its own localhost, a and b
 * from the project's folder, so that two projects don't meet.
 */
export function processAddresses(folder: string, count: number): { address: string; localhost: string }[] {
  if (count > 120) throw new Error(`--processes has addresses for 120 services, not for ${count}`);
  const hash = createHash('sha256').update(folder).digest();
  const prefix = `127.${64 + ((hash[0] ?? 0) % 128)}.${hash[1] ?? 0}`;
  return Array.from({ length: count }, (_, n) => ({
    address: `${prefix}.${n + 1}`,
    localhost: `${prefix}.${n + 129}`,
  }));
}
