import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { planFromFiles } from '../../src/compose/make-plan.ts';
import type { Plan } from '../../src/compose/plan.ts';
import { readProject } from '../../src/compose/read-project.ts';
import type { Project } from '../../src/compose/model.ts';
import { formatProblem } from '../../src/wire/problem.ts';
import type { Problem } from '../../src/wire/problem.ts';

/** A folder with these files, gone after the test. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'gregor-compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

export interface Read {
  readonly project: Project;
  /** `line CODE` of each problem. */
  readonly problems: readonly string[];
}

type Env = Readonly<Record<string, string>>;

/** Reads `compose.yml` of a folder with these files; a text is that file alone. */
export function read(
  files: string | Readonly<Record<string, string>>,
  env: Env = {},
  profiles: readonly string[] = [],
): Read {
  const all = typeof files === 'string' ? { 'compose.yml': files } : files;
  const file = join(folderWith(all), 'compose.yml');
  const { project, problems } = readProject({ files: [file], env, profiles });
  if (project === null) throw new Error(problems.list().map(formatProblem).join('\n'));
  return { project, problems: brief(problems.list()) };
}

/** Plans a compose file that is given as text. */
export function plan(text: string): {
  plan: Plan;
  problems: readonly string[];
  sentences: readonly string[];
} {
  const made = planFromFiles({ files: ['compose.yml'], env: {}, texts: new Map([['compose.yml', text]]) });
  if (made.plan === null) throw new Error(made.problems.map(formatProblem).join('\n'));
  return { plan: made.plan, problems: brief(made.problems), sentences: made.problems.map(formatProblem) };
}

export function brief(problems: readonly Problem[]): string[] {
  return problems.map(({ line, code, severity }) => `${line} ${severity} ${code}`);
}
