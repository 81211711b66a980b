/** The same loads on each side in turn, several rounds; then medians, and ratios to the better Apache. */
import { median } from './measure.ts';
import type { Figures, Load } from './run-load.ts';
import type { Side } from './sides.ts';

export interface Contender {
  readonly name: string;
  start(): Promise<Side>;
}

/** By load, by contender: the figures of its rounds. */
type Results = Map<string, Map<string, Figures[]>>;

const say = (text: string) => process.stderr.write(`${text}\n`);

/** What fails is told and left out; the rest goes on. */
export async function compare(
  title: string,
  contenders: readonly Contender[],
  loads: readonly Load[],
  rounds: number,
): Promise<void> {
  const results: Results = new Map(loads.map((load) => [load.name, new Map()]));
  for (let round = 0; round < rounds; round++)
    for (const contender of contenders) {
      const where = `${title}, round ${round + 1} of ${rounds}: ${contender.name}`;
      let side: Side | null = null;
      try {
        say(`${where} starts`);
        side = await contender.start();
        for (const load of loads) {
          const figures = await load.run(side, round);
          say(
            `${where}, ${load.name}: ${cells(figures)
              .map((cell, i) => `${cell} ${[load.unit, 'ms p99', load.cpuUnit, 'MB'][i]}`)
              .join(', ')}`,
          );
          const ofLoad = results.get(load.name)!;
          ofLoad.set(contender.name, [...(ofLoad.get(contender.name) ?? []), figures]);
        }
      } catch (error) {
        say(`${where} FAILED: ${error instanceof Error ? error.message : String(error)}`);
      } finally {
        await side?.stop();
      }
    }
  print(title, contenders, loads, results, rounds);
}

function print(
  title: string,
  contenders: readonly Contender[],
  loads: readonly Load[],
  results: Results,
  rounds: number,
): void {
  const { unit, cpuUnit } = loads[0]!;
  const lines = [
    `\n### ${title} (medians of ${rounds} ${rounds === 1 ? 'round' : 'rounds'})\n`,
    `| load | servers | ${unit} | p99 ms | CPU ${cpuUnit} | MB |`,
    '| --- | --- | ---: | ---: | ---: | ---: |',
  ];
  for (const load of loads) {
    const middles = new Map<string, Figures>();
    for (const [name, rounds] of results.get(load.name)!) middles.set(name, middleOf(rounds));
    let first = load.name;
    const line = (name: string, shown: readonly string[]) => {
      lines.push(`| ${first} | ${name} | ${shown.join(' | ')} |`);
      first = '';
    };
    for (const { name } of contenders) {
      const figures = middles.get(name);
      line(name, figures === undefined ? ['–', '–', '–', '–'] : cells(figures));
    }
    const isApache = (name: string) => name.startsWith('apache');
    const apaches = [...middles].filter(([name]) => isApache(name)).map(([, figures]) => figures);
    if (apaches.length === 0) continue;
    const best: Figures = {
      throughput: Math.max(...apaches.map((f) => f.throughput)),
      p99Ms: Math.min(...apaches.map((f) => f.p99Ms ?? Number.NaN)),
      cpu: Math.min(...apaches.map((f) => f.cpu)),
      megabytes: Math.min(...apaches.map((f) => f.megabytes)),
    };
    for (const [name, figures] of middles)
      if (!isApache(name)) line(`**${name} / better Apache**`, ratios(figures, best));
  }
  process.stdout.write(`${lines.join('\n')}\n\n`);
}

function middleOf(rounds: readonly Figures[]): Figures {
  const of = (pick: (figures: Figures) => number | null) =>
    median(rounds.map((figures) => pick(figures) ?? Number.NaN));
  return {
    throughput: of((f) => f.throughput),
    p99Ms: of((f) => f.p99Ms),
    cpu: of((f) => f.cpu),
    megabytes: of((f) => f.megabytes),
  };
}

const values = ({ throughput, p99Ms, cpu, megabytes }: Figures) => [
  throughput,
  p99Ms ?? Number.NaN,
  cpu,
  megabytes,
];

const cells = (figures: Figures) => values(figures).map(rounded);

const ratios = (own: Figures, best: Figures) => {
  const theirs = values(best);
  return values(own).map((value, i) => {
    const ratio = value / theirs[i]!;
    return Number.isNaN(ratio) ? '–' : `×${ratio.toFixed(2)}`;
  });
};

function rounded(value: number): string {
  if (Number.isNaN(value)) return '–';
  return value >= 100 ? Math.round(value).toLocaleString('en').replaceAll(',', ' ') : value.toPrecision(3);
}
