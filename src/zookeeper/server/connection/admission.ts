import type { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Connection } from '../../../runtime/runtime.ts';
import type { ZooKeeperConfig } from '../config/config.ts';

/** One that was let in. */
export interface Admitted {
  readonly connection: Connection;
  /** Monotonic clock. */
  readonly openedAtMs: number;
  /** Null: it has none. */
  readonly session: object | null;
}

export type AdmissionLimits = Pick<
  ZooKeeperConfig,
  'maxClientCnxns' | 'maxCnxns' | 'sessionlessCnxnTimeoutMs'
>;

/** Who is connected to the client ports: so many from one host, so many in all, and who opens no session not for long. */
export class Admission<C extends Admitted> {
  private readonly limits: AdmissionLimits;
  private readonly warnings: RareWarnings;
  private readonly inside = new Set<C>();
  private readonly byAddress = new Map<string, number>();

  constructor(limits: AdmissionLimits, warnings: RareWarnings) {
    this.limits = limits;
    this.warnings = warnings;
  }

  get connections(): ReadonlySet<C> {
    return this.inside;
  }

  /** Whether there is room for one more from there. */
  admits({ remote: { host } }: Connection): boolean {
    const { maxClientCnxns, maxCnxns } = this.limits;
    const fromThere = this.byAddress.get(host) ?? 0;
    const all = this.inside.size;
    if ((maxClientCnxns <= 0 || fromThere < maxClientCnxns) && (maxCnxns <= 0 || all < maxCnxns)) return true;
    this.warnings.warn(
      'refused',
      `refused a connection of ${host}: ${fromThere} from there are open and ${all} in all, which is what maxClientCnxns (${maxClientCnxns}) or maxCnxns (${maxCnxns}) allows`,
    );
    return false;
  }

  add(client: C): void {
    const { host } = client.connection.remote;
    this.inside.add(client);
    this.byAddress.set(host, (this.byAddress.get(host) ?? 0) + 1);
  }

  /** @returns whether it was there still. */
  remove(client: C): boolean {
    if (!this.inside.delete(client)) return false;
    const { host } = client.connection.remote;
    const left = this.byAddress.get(host)! - 1;
    if (left > 0) this.byAddress.set(host, left);
    else this.byAddress.delete(host);
    return true;
  }

  /** Who should have opened a session by now. */
  overdue(nowMs: number): C[] {
    const since = nowMs - this.limits.sessionlessCnxnTimeoutMs;
    const overdue: C[] = [];
    for (const client of this.inside)
      if (client.session === null && client.openedAtMs <= since) overdue.push(client);
    return overdue;
  }
}
