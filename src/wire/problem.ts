/** What is wrong with a file that a person wrote: where, what, and what to write instead. */
export interface Problem {
  readonly severity: 'error' | 'warning';
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Stable, upper case: what programs may look at. */
  readonly code: string;
  readonly message: string;
  /** What to write instead. */
  readonly fix?: string;
}

/** A configuration, or null when a problem of severity `error` forbids it. */
export interface ConfigResult<T> {
  readonly config: T | null;
  readonly problems: readonly Problem[];
}

/** `file:line CODE: sentence; fix` */
export function formatProblem(problem: Problem): string {
  const fix = problem.fix === undefined ? '' : `; ${problem.fix}`;
  return `${problem.file}:${problem.line} ${problem.code}: ${problem.message}${fix}`;
}
