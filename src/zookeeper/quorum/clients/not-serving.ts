import { RareWarnings } from '../../../runtime/rare-warnings.ts';
import type { Clock, Connection, Runtime, Timer } from '../../../runtime/runtime.ts';
import { NOT_SERVING, Whitelist, fourLetterWord, type FourLetterWord } from '../../server/admin/words.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';
import { Admission, type Admitted } from '../../server/connection/admission.ts';

/**
 * What clients meet while nobody leads, or at a leader that doesn't serve: commands are told so, all others are sent away and look for
 * another server. They are let in as at a server, and who says nothing is cut off as there.
 */
export class NotServing {
  private readonly clock: Clock;
  private readonly tickMs: number;
  private readonly whitelist: Whitelist;
  private readonly admission: Admission<Admitted>;
  private timer: Timer | null = null;

  constructor({ log, clock }: Runtime, config: ZooKeeperConfig) {
    this.clock = clock;
    this.tickMs = config.tickTimeMs;
    this.whitelist = new Whitelist(config.fourLetterWords);
    this.admission = new Admission(config, new RareWarnings(log, clock));
  }

  accept(connection: Connection): void {
    const { admission } = this;
    if (!admission.admits(connection)) {
      connection.destroy();
      return;
    }
    const visitor: Admitted = { connection, openedAtMs: this.clock.monotonicMs(), session: null };
    admission.add(visitor);
    this.watch();
    let isAnswered = false;
    let beginning = Buffer.alloc(0);
    connection.start({
      data: (bytes) => {
        if (isAnswered) return;
        beginning = Buffer.concat([beginning, bytes]);
        if (beginning.length < 4) return;
        isAnswered = true;
        this.answer(connection, fourLetterWord(beginning.readInt32BE(0)));
      },
      closed: () => admission.remove(visitor),
    });
  }

  /** Sends all away that are there still. */
  close(): void {
    this.timer?.cancel();
    this.timer = null;
    for (const { connection } of this.admission.connections) connection.destroy();
  }

  private answer(connection: Connection, word: FourLetterWord | null): void {
    if (word !== null)
      connection.write(
        Buffer.from(
          this.whitelist.allows(word)
            ? answerTo(word)
            : `${word} is not executed because it is not in the whitelist.\n`,
        ),
      );
    connection.end();
  }

  /** Once a tick, as long as anybody is there. */
  private watch(): void {
    if (this.timer !== null || this.admission.connections.size === 0) return;
    this.timer = this.clock.after(this.tickMs, () => {
      this.timer = null;
      for (const { connection } of this.admission.overdue(this.clock.monotonicMs())) connection.destroy();
      this.watch();
    });
  }
}

function answerTo(word: FourLetterWord): string {
  if (word === 'ruok') return 'imok';
  return word === 'isro' ? 'null' : `${NOT_SERVING}\n`;
}
