import { QUOTA_PATH } from '../znodes/path.ts';

/**
 * The text of quota nodes: `count=3,bytes=40`, and with hard limits (3.7) `count=3,bytes=40=;byteHardLimit=100;countHardLimit=7`, which old
 * servers read, too. -1 is no limit.
 */
export interface QuotaNumbers {
  count: number;
  bytes: number;
  countHardLimit: number;
  byteHardLimit: number;
}

export const LIMITS_NAME = 'zookeeper_limits';
export const STATS_NAME = 'zookeeper_stats';

export const limitsPath = (path: string): string => `${QUOTA_PATH}${path}/${LIMITS_NAME}`;
export const statsPath = (path: string): string => `${QUOTA_PATH}${path}/${STATS_NAME}`;

export const LIMIT_NOT_SET = -1;

/** What can't be read counts as not set, since anybody who may write there may write nonsense. */
export function parseQuota(text: string): QuotaNumbers {
  const numbers: QuotaNumbers = {
    count: LIMIT_NOT_SET,
    bytes: LIMIT_NOT_SET,
    countHardLimit: LIMIT_NOT_SET,
    byteHardLimit: LIMIT_NOT_SET,
  };
  for (const pair of text.split(/[,;]+/)) {
    const [name, value] = pair.split('=');
    const number = Number(value);
    if (name !== undefined && name in numbers && value !== '' && Number.isSafeInteger(number))
      numbers[name as keyof QuotaNumbers] = number;
  }
  return numbers;
}

export function statsText(count: number, bytes: number): string {
  return `count=${count},bytes=${bytes}`;
}

/** Which subtrees have a quota. */
export class QuotaPaths {
  private readonly paths = new Set<string>();

  add(path: string): void {
    this.paths.add(path);
  }

  delete(path: string): void {
    this.paths.delete(path);
  }

  clear(): void {
    this.paths.clear();
  }

  all(): IterableIterator<string> {
    return this.paths.values();
  }

  /** The deepest one with a quota that `path` is in (or is), or null. The root has none. */
  around(path: string): string | null {
    if (this.paths.size === 0) return null;
    for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
      const candidate = path.slice(0, end);
      if (this.paths.has(candidate)) return candidate;
    }
    return null;
  }
}
