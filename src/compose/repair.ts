import type { Place } from './model.ts';
import type { Problems } from './problems.ts';

const SPACES_A_TAB = 2;

/**
 * Makes a file that YAML can't read readable where the intention is plain, and says what it found: tabs that indent, and
 * `{placeholders}` that nobody filled in. Lines stay where they are, so that whatever is found later has the right number.
 */
export function repair(text: string, file: string, problems: Problems): string {
  const lines = text.split('\n');
  reportTabs(lines, file, problems);
  return lines
    .map((line, index) => quotePlaceholder(spacesForTabs(line), { file, line: index + 1 }, problems))
    .join('\n');
}

/** One problem a region: lines indented by tabs, with nothing but blank lines and comments between them. */
function reportTabs(lines: readonly string[], file: string, problems: Problems): void {
  let first = 0;
  let last = 0;
  const report = (): void => {
    if (first === 0) return;
    const [where, verb] = first === last ? ['this line is', 'it'] : [`lines ${first}-${last} are`, 'them'];
    problems.error(
      { file, line: first },
      'TAB_INDENTATION',
      `${where} indented with tabs, which YAML forbids`,
      `indent ${verb} with spaces, two for each tab`,
    );
    first = 0;
  };
  for (const [index, line] of lines.entries()) {
    if (/^ *\t/.test(line) && line.trim() !== '') {
      if (first === 0) first = index + 1;
      last = index + 1;
    } else if (!/^\s*(#.*)?$/.test(line)) report();
  }
  report();
}

function spacesForTabs(line: string): string {
  return line.replace(/^[ \t]+/, (indent) => indent.replaceAll('\t', ' '.repeat(SPACES_A_TAB)));
}

/** `- {some path}:/data`: a flow map to YAML, and then garbage. Volumes say themselves what belongs there. */
function quotePlaceholder(line: string, place: Place, problems: Problems): string {
  const found = /^(\s*(?:- +)?(?:[\w.-]+: +)?)(\{[^{}:,]*\}[^\s#][^#]*?)(\s+#.*)?$/.exec(line);
  if (found === null) return line;
  const [, before = '', value = '', comment = ''] = found;
  if (!/^\s*- +\{[^}]*\}:\//.test(line))
    problems.error(
      place,
      'PLACEHOLDER',
      `${/\{[^}]*\}/.exec(value)?.[0] ?? value} is a placeholder that was never filled in`,
      'write the value itself there',
    );
  return `${before}"${value.trimEnd().replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"${comment}`;
}
