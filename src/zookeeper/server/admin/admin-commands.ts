import type { File } from '../../../runtime/runtime.ts';
import { idleCommands, plainCommands, type Body } from './admin-bodies.ts';
import type { HttpRequest, HttpResponse, HttpStream } from './http.ts';
import { leaderOf } from './member-bodies.ts';
import { hex, type ServerFacts, type ServerView } from '../server-view.ts';

export interface AdminAnswer {
  readonly status?: HttpResponse['status'];
  readonly body?: Body;
  readonly error?: string | null;
  /** The command itself says what is wrong: then nothing else stands in the answer. */
  readonly errorFirst?: true;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of JSON. */
  readonly stream?: HttpStream;
}

export interface AdminCommand {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly method: 'GET' | 'POST';
  /** For those only who may do everything with the root znode. */
  readonly needsAuth: boolean;
  run(server: ServerView, request: HttpRequest): AdminAnswer | Promise<AdminAnswer>;
  /** While nobody is served; without it the command says just that. */
  runIdle?(request: HttpRequest): AdminAnswer;
}

/** Commands of Apache's admin server 3.9. */
export class AdminCommands {
  /** Sorted, without the short forms. */
  readonly names: readonly string[];
  private readonly byName = new Map<string, AdminCommand>();
  /** Monotonic. */
  private snapshotAllowedAtMs = 0;

  constructor(facts: ServerFacts) {
    const commands: AdminCommand[] = [
      ...plainCommands.map(([name, aliases, run]) => ({
        ...open,
        name,
        aliases,
        run: (server: ServerView) => ({ body: run(server) }),
      })),
      ...idleCommands.map(([name, aliases, run]) => ({
        ...open,
        name,
        aliases,
        run: (server: ServerView) => ({ body: run(server, server) }),
        runIdle: () => ({ body: run(facts, null) }),
      })),
      {
        ...open,
        name: 'leader',
        aliases: ['lead'],
        run: (server) => {
          const body = leaderOf(server);
          return body === null ? notInitialized : { body };
        },
      },
      {
        ...open,
        name: 'set_trace_mask',
        aliases: ['stmk'],
        run: (server, request) => setTraceMask(server, request.query.get('traceMask')),
        runIdle: (request) => setTraceMask(facts, request.query.get('traceMask')),
      },
      {
        name: 'snapshot',
        aliases: ['snap'],
        method: 'GET',
        needsAuth: true,
        run: (server, request) =>
          this.snapshot(server, request.query.get('streaming')?.toLowerCase() !== 'false'),
      },
      // As Apache's with admin.restore.enabled=false: a running tree isn't replaced here. Stop, put the file into dataDir, start.
      { name: 'restore', aliases: ['rest'], method: 'POST', needsAuth: true, run: () => ({ status: 503 }) },
    ];
    for (const command of commands)
      for (const name of [command.name, ...command.aliases]) this.byName.set(name, command);
    this.names = commands.map(({ name }) => name).sort();
  }

  find(name: string): AdminCommand | undefined {
    return this.byName.get(name);
  }

  /** Writes one, and sends the file if `streaming`. */
  private async snapshot(server: ServerView, streaming: boolean): Promise<AdminAnswer> {
    const { clock, config, metrics, runtime, storage } = server;
    if (!config.adminSnapshotEnabled) return { status: 503 };
    const nowMs = clock.monotonicMs();
    if (nowMs < this.snapshotAllowedAtMs) {
      metrics.snapshotsRefused += 1;
      return { status: 429 };
    }
    // The key says milliseconds, and Apache counts microseconds.
    this.snapshotAllowedAtMs = nowMs + config.adminRateLimiterIntervalMs / 1000;
    try {
      await storage.snapshot();
      const written = storage.lastSnapshot;
      if (written === null) throw new Error('it is gone already');
      const headers = { last_zxid: hex(written.zxid), snapshot_size: String(written.sizeBytes) };
      if (!streaming) return { headers };
      return { headers, stream: new FileStream(runtime.files.open(written.path, 'read'), written.sizeBytes) };
    } catch (error) {
      metrics.snapshotErrors += 1;
      runtime.log.error(`the snapshot that an administrator wanted can't be written: ${String(error)}`);
      return { status: 500 };
    }
  }
}

const open = { method: 'GET', needsAuth: false } as const;
const notInitialized: AdminAnswer = { error: 'server is not initialized', errorFirst: true };

function setTraceMask(facts: ServerFacts, text: string | null): AdminAnswer {
  const wanted = 'setTraceMask requires long traceMask argument';
  if (text === null) return { error: wanted, errorFirst: true };
  if (!/^[+-]?\d{1,19}$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text))
    return { error: `${wanted}, got ${text}`, errorFirst: true };
  facts.traceMask = BigInt(text);
  return { body: { tracemask: facts.traceMask } };
}

const PIECE_BYTES = 64 * 1024;

class FileStream implements HttpStream {
  readonly bytes: number;
  private readonly file: File;
  private position = 0;
  private isOpen = true;

  constructor(file: File, bytes: number) {
    this.file = file;
    this.bytes = bytes;
  }

  next(): Buffer | null {
    const length = Math.min(PIECE_BYTES, this.bytes - this.position);
    if (length === 0) return null;
    const piece = Buffer.allocUnsafe(length);
    if (this.file.read(piece, 0, length, this.position) < length)
      throw new Error(`${this.file.path} became shorter`);
    this.position += length;
    return piece;
  }

  close(): void {
    if (this.isOpen) this.file.close();
    this.isOpen = false;
  }
}
