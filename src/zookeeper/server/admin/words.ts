/** The commands that a client may send instead of a first packet. */
const words = [
  'conf',
  'cons',
  'crst',
  'dirs',
  'dump',
  'envi',
  'gtmk',
  'hash',
  'isro',
  'mntr',
  'ruok',
  'srst',
  'srvr',
  'stat',
  'stmk',
  'wchc',
  'wchp',
  'wchs',
] as const;

export type FourLetterWord = (typeof words)[number];

const byCode = new Map<number, FourLetterWord>(
  words.map((word) => [Buffer.from(word, 'latin1').readInt32BE(0), word]),
);

/** The word that the first four bytes of a connection spell, if they do. */
export function fourLetterWord(code: number): FourLetterWord | null {
  return byCode.get(code) ?? null;
}

/** Which of them are answered: `*`, or names between commas. */
export class Whitelist {
  private readonly allowed: ReadonlySet<string>;

  constructor(list: string) {
    const names = list.split(',').map((name) => name.trim());
    this.allowed = new Set<string>(names.includes('*') ? words : names);
  }

  allows(word: FourLetterWord): boolean {
    return this.allowed.has(word);
  }
}

/** What most commands are answered while nobody is served. */
export const NOT_SERVING = 'This ZooKeeper instance is not currently serving requests';
