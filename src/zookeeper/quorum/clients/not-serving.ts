import type { Connection } from '../../../runtime/runtime.ts';
import { NOT_SERVING, Whitelist, fourLetterWord, type FourLetterWord } from '../../server/admin/words.ts';

/** A client comes while nobody leads: commands are told so, all others are sent away and look for another server. */
export function turnAway(connection: Connection, whitelist: Whitelist): void {
  let isAnswered = false;
  let gathered = Buffer.alloc(0);
  connection.start({
    data: (bytes) => {
      gathered = Buffer.concat([gathered, bytes]);
      if (isAnswered || gathered.length < 4) return;
      isAnswered = true;
      const word = fourLetterWord(gathered.readInt32BE(0));
      if (word !== null)
        connection.write(
          Buffer.from(
            whitelist.allows(word)
              ? answer(word)
              : `${word} is not executed because it is not in the whitelist.\n`,
          ),
        );
      connection.end();
    },
    closed: () => {},
  });
}

function answer(word: FourLetterWord): string {
  if (word === 'ruok') return 'imok';
  return word === 'isro' ? 'null' : `${NOT_SERVING}\n`;
}
