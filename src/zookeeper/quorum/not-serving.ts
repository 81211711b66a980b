import type { Connection } from '../../runtime/runtime.ts';
import { fourLetterWord } from '../server/words.ts';

/** A client comes while nobody leads: commands are told so, all others are sent away and look for another server. */
export function turnAway(connection: Connection): void {
  let isAnswered = false;
  connection.start({
    data: (bytes) => {
      if (isAnswered) return;
      isAnswered = true;
      const word = bytes.length >= 4 ? fourLetterWord(bytes.readInt32BE(0)) : null;
      if (word === 'ruok') connection.write(Buffer.from('imok'));
      else if (word !== null)
        connection.write(Buffer.from('This ZooKeeper instance is not currently serving requests\n'));
      connection.end();
    },
    closed: () => {},
  });
}
