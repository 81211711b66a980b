import type { Problem } from '../wire/problem.ts';
import type { Place } from './model.ts';

/** Gathers what is wrong, once each: an anchor that is used three times is one mistake. */
export class Problems {
  private readonly found = new Map<string, Problem>();

  error(place: Place, code: string, message: string, fix?: string): void {
    this.add('error', place, code, message, fix);
  }

  warning(place: Place, code: string, message: string, fix?: string): void {
    this.add('warning', place, code, message, fix);
  }

  addAll(problems: readonly Problem[]): void {
    for (const problem of problems) this.found.set(keyOf(problem), problem);
  }

  /** In the order of the file's lines; several files one after the other. */
  list(): Problem[] {
    const files = [...new Set([...this.found.values()].map((problem) => problem.file))];
    return [...this.found.values()].sort(
      (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line,
    );
  }

  get hasErrors(): boolean {
    return [...this.found.values()].some((problem) => problem.severity === 'error');
  }

  private add(
    severity: Problem['severity'],
    { file, line }: Place,
    code: string,
    message: string,
    fix: string | undefined,
  ): void {
    const problem: Problem = {
      severity,
      file,
      line,
      code,
      message,
      ...(fix === undefined ? {} : { fix }),
    };
    this.found.set(keyOf(problem), problem);
  }
}

function keyOf(problem: Problem): string {
  return `${problem.file}:${problem.line}:${problem.code}:${problem.message}`;
}
