/** How long a cluster of one ZooKeeper and three brokers takes from the command to being ready to serve, and the memory it then has. */
import { kafkaSide, upSide, type Side } from './sides.ts';
import { median, residentMegabytes, sum } from './measure.ts';

export async function compareStarts(rounds: number): Promise<void> {
  const sides: [string, () => Promise<Side>][] = [
    ['gregor up', () => upSide(3)],
    ['apache 2.3.0', () => kafkaSide('apache 2.3.0', 3)],
    ['apache 3.9.1', () => kafkaSide('apache 3.9.1', 3)],
  ];
  const figures = new Map<string, { ms: number; megabytes: number }[]>();
  for (let round = 0; round < rounds; round++)
    for (const [name, start] of sides) {
      const begin = performance.now();
      const side = await start();
      const ms = performance.now() - begin;
      figures.set(name, [
        ...(figures.get(name) ?? []),
        { ms, megabytes: sum(side.pids.map(residentMegabytes)) },
      ]);
      await side.stop();
    }
  process.stdout.write(
    `\n### A cluster of four ready to serve (medians of ${rounds} rounds)\n\n| | s | MB |\n| --- | --- | --- |\n`,
  );
  for (const [name, found] of figures)
    process.stdout.write(
      `| ${name} | ${(median(found.map((f) => f.ms)) / 1000).toFixed(2)} | ${Math.round(median(found.map((f) => f.megabytes)))} |\n`,
    );
  process.stdout.write(
    "\nApache's memory leaves out its ZooKeeper; ready means that every broker is in the metadata.\n",
  );
}
