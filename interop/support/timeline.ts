import type { ZooKeeperMaker } from './clusters.ts';

export type Mode = 'leader' | 'follower' | 'observer';

interface Entry {
  readonly id: number;
  readonly maker: ZooKeeperMaker;
  readonly what: string;
  readonly leads: boolean;
  /** Whether it led before says nothing about now. */
  readonly parts: boolean;
  /** Known by then at the latest. */
  readonly fromNs: number;
  /** Still so then. */
  toNs: number;
}

/** What befell the servers of an ensemble, and what they were seen to be, in ns of the monotonic clock. */
export class Timeline {
  private readonly entries: Entry[] = [];
  private readonly now: () => number;

  constructor(now: () => number = () => Number(process.hrtime.bigint())) {
    this.now = now;
  }

  get nowNs(): number {
    return this.now();
  }

  /** `parts`: whether it leads no more, if it did. */
  befell(id: number, maker: ZooKeeperMaker, what: string, parts: boolean): void {
    const now = this.now();
    this.entries.push({ id, maker, what, leads: false, parts, fromNs: now, toNs: now });
  }

  /** It was asked at `askedNs` and answers now. */
  saw(id: number, maker: ZooKeeperMaker, mode: Mode, askedNs: number): void {
    const what = { leader: 'leads', follower: 'follows', observer: 'observes' }[mode];
    const last = this.entries.findLast((entry) => entry.id === id);
    if (last?.what === what) last.toNs = askedNs;
    else
      this.entries.push({
        id,
        maker,
        what,
        leads: mode === 'leader',
        parts: true,
        fromNs: this.now(),
        toNs: askedNs,
      });
  }

  /** Who made the server that led, or may have, at some time between these; null: it can't have. */
  mayHaveLed(id: number, fromNs: number, toNs: number): ZooKeeperMaker | null {
    const own = this.entries.filter((entry) => entry.id === id && entry.parts);
    const led = own.find((entry, i) => {
      if (!entry.leads) return false;
      const before = own[i - 1]?.toNs ?? Number.NEGATIVE_INFINITY;
      const after = own[i + 1]?.fromNs ?? Number.POSITIVE_INFINITY;
      return fromNs <= after && toNs >= before;
    });
    return led?.maker ?? null;
  }

  /** A line for each, in ms since `epochNs`. */
  told(epochNs: number): string[] {
    const at = (ns: number) => ((ns - epochNs) / 1e6).toFixed(0);
    return this.entries.map(
      ({ id, maker, what, fromNs }) => `${at(fromNs)} ms: server ${id} (${maker}) ${what}`,
    );
  }
}
