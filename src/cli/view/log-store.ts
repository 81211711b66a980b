import type { LogLine } from './service-log.ts';

/** The newest lines of all services, and whoever wants to hear of the next ones. */
export class LogStore {
  private readonly capacity: number;
  private readonly lines: LogLine[] = [];
  /** Where the oldest line is, once the store is full. */
  private oldest = 0;
  private readonly listeners = new Set<(line: LogLine) => void>();

  constructor(capacity = 10_000) {
    this.capacity = capacity;
  }

  add(line: LogLine): void {
    if (this.lines.length < this.capacity) this.lines.push(line);
    else {
      this.lines[this.oldest] = line;
      this.oldest = (this.oldest + 1) % this.capacity;
    }
    for (const listener of this.listeners) listener(line);
  }

  /** services: empty for all. count: the last so many; null for all that are kept. */
  newest(services: readonly string[], count: number | null): LogLine[] {
    const ordered = [...this.lines.slice(this.oldest), ...this.lines.slice(0, this.oldest)];
    const wanted =
      services.length === 0 ? ordered : ordered.filter((line) => services.includes(line.service));
    return count === null ? wanted : wanted.slice(Math.max(0, wanted.length - count));
  }

  /** @returns what to call to hear no more. */
  follow(listener: (line: LogLine) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}
