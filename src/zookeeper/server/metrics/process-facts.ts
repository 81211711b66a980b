/** What the operating system tells of the process that a server runs in. */
export interface ProcessFacts {
  readonly openFiles: number;
  readonly maxFiles: number;
  readonly cpuSeconds: number;
  /** Since 1970. */
  readonly startedAtSeconds: number;
  readonly virtualBytes: number;
  readonly residentBytes: number;
}
