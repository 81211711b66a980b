import type { Plan } from '../../compose/plan.ts';
import type { Problem } from '../../wire/problem.ts';
import type { Colors } from './colors.ts';

/** `compose.yml:14 CODE: sentence` and, in a line of its own, what to write instead. */
export function problemText(problem: Problem, colors: Colors): string {
  const paint = problem.severity === 'error' ? colors.red : colors.yellow;
  const head = `${colors.bold(`${problem.file}:${problem.line}`)} ${paint(problem.code)}: ${problem.message}`;
  return problem.fix === undefined ? `${head}\n` : `${head}; ${colors.bold(problem.fix)}\n`;
}

/** How many of what: "3 errors and 1 warning". */
export function countText(problems: readonly Problem[]): string {
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  const parts = [count(errors, 'error'), count(warnings, 'warning')].filter((part) => part !== null);
  return parts.join(' and ');
}

function count(n: number, what: string): string | null {
  return n === 0 ? null : `${n} ${what}${n === 1 ? '' : 's'}`;
}

/** What is left out, and what has no effect; dimmed, for nothing is wrong. */
export function notesText(plan: Plan, colors: Colors): string {
  const services = new Map<string, string[]>();
  for (const { service, text } of plan.notes) services.set(text, [...(services.get(text) ?? []), service]);
  const lines = [
    ...plan.notRun.map((one) => `${one.name} (${one.image}) is not run: ${one.reason}`),
    ...[...services].map(([text, names]) => `${names.join(', ')}: ${text}`),
  ];
  return lines.map((line) => colors.dim(`${line}\n`)).join('');
}
