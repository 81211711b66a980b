/**
 * `npm run simulate:mistakes [-- --count 60 [name …]]`: puts each known mistake into the code, one at a time and only in the bundle that is
 * run, and says how many seeds it took until a story broke. A mistake whose place isn't in the code any more is an error.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { mistakes, type Mistake } from './known-mistakes.ts';

const root = join(import.meta.dirname, '..');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { count: { type: 'string', default: '60' }, faults: { type: 'string', default: '30' } },
});

async function tellWith({ name, edits }: Mistake): Promise<(typeof import('./subjects.ts'))['tell']> {
  const outfile = join(root, 'dist', 'mistakes', `${name}.mjs`);
  await build({
    entryPoints: [join(import.meta.dirname, 'subjects.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    logLevel: 'error',
    plugins: [
      {
        name,
        setup({ onLoad }) {
          onLoad({ filter: /\.ts$/ }, ({ path }) => {
            const here = edits.filter(({ file }) => path === join(root, file));
            if (here.length === 0) return undefined;
            let contents = readFileSync(path, 'utf8');
            for (const { file, right, wrong } of here) {
              const parts = contents.split(right);
              if (parts.length !== 2) throw new Error(`${right} stands ${parts.length - 1} times in ${file}`);
              contents = parts.join(wrong);
            }
            return { contents, loader: 'ts' };
          });
        },
      },
    ],
  });
  const bundle = (await import(pathToFileURL(outfile).href)) as typeof import('./subjects.ts');
  return bundle.tell;
}

/** A row of the README's table. */
async function row(mistake: Mistake): Promise<string> {
  const tell = await tellWith(mistake);
  const count = Number(values.count);
  for (let seed = 1; seed <= count; seed++) {
    const { broken } = await tell(mistake.story, { seed, faultsSeconds: Number(values.faults) });
    const [said] = broken;
    if (said !== undefined) return `| ${mistake.what} | ${seed} | \`${said.split('\n')[0]}\` |`;
  }
  return `| ${mistake.what} | **not in ${count}** | |`;
}

for (const mistake of mistakes)
  if (positionals.length === 0 || positionals.includes(mistake.name))
    process.stdout.write(`${await row(mistake)}\n`);
process.exit(0);
