import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Colours where the stream is a terminal and nobody objects (NO_COLOR, FORCE_COLOR are heeded). */
export function colorsFor(stream: { isTTY?: boolean }): Colors {
  const { NO_COLOR: no, FORCE_COLOR: force, TERM: term } = process.env;
  if (no !== undefined && no !== '') return pc.createColors(false);
  if (force !== undefined && force !== '' && force !== '0') return pc.createColors(true);
  return pc.createColors(stream.isTTY === true && term !== 'dumb');
}

const NAME_COLORS = [
  'cyan',
  'yellow',
  'green',
  'magenta',
  'blue',
  'cyanBright',
  'yellowBright',
  'greenBright',
] as const;

/** A service's name in its own colour, padded so that all begin and end alike. */
export function namePainter(names: readonly string[], colors: Colors): (name: string) => string {
  const width = Math.max(0, ...names.map((name) => name.length));
  return (name) => {
    const index = Math.max(0, names.indexOf(name));
    const color = NAME_COLORS[index % NAME_COLORS.length] ?? 'cyan';
    return colors[color](name.padEnd(width));
  };
}
