/** Requests and answers of ZooKeeper's clients as bare bytes, for loads that must cost next to nothing. */
import { connect, type Socket } from 'node:net';

export const int32 = (n: number) => {
  const b = Buffer.alloc(4);
  b.writeInt32BE(n);
  return b;
};
export const buffer = (data: Buffer) => Buffer.concat([int32(data.length), data]);
export const text = (s: string) => buffer(Buffer.from(s));
const frame = (...parts: Buffer[]) => buffer(Buffer.concat(parts));
/** xid is 1 always: servers don't look at it. */
export const request = (op: number, ...body: Buffer[]) => frame(int32(1), int32(op), ...body);

const openAcl = Buffer.concat([int32(1), int32(31), text('world'), text('anyone')]);

export const create = (path: string, data: Buffer) => request(1, text(path), buffer(data), openAcl, int32(0));
export const getData = (path: string, watch: boolean) => request(4, text(path), Buffer.from([watch ? 1 : 0]));
export const setData = (path: string, data: Buffer) => request(5, text(path), buffer(data), int32(-1));

/** A session, and its answers one by one. */
export class Session {
  readonly socket: Socket;
  private readonly waiting: { resolve(answer: Buffer): void; reject(error: Error): void }[] = [];
  private pending: Buffer = Buffer.alloc(0);
  private readonly listener = (chunk: Buffer) => this.receive(chunk);

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', this.listener);
  }

  static async open(server: string): Promise<Session> {
    const at = server.lastIndexOf(':');
    const socket = connect({
      host: server.slice(0, at),
      port: Number(server.slice(at + 1)),
      noDelay: true,
    });
    const session = new Session(socket);
    socket.on('error', () => {});
    socket.on('close', () => {
      for (const { reject } of session.waiting) reject(new Error(`${server} closed a session`));
    });
    const zero8 = Buffer.alloc(8);
    const ask = [int32(0), zero8, int32(30_000), zero8, buffer(Buffer.alloc(16)), Buffer.from([0])];
    await session.call(frame(...ask));
    return session;
  }

  /** @returns the answer without its length. */
  call(bytes: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.socket.write(bytes);
    });
  }

  /** The answers are the caller's from now on, as they come. */
  release(): Socket {
    return this.socket.off('data', this.listener);
  }

  /** For good. */
  end(): void {
    this.socket.removeAllListeners('close').destroy();
  }

  private receive(chunk: Buffer): void {
    const bytes = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    let at = 0;
    while (bytes.length - at >= 4) {
      const end = at + 4 + bytes.readInt32BE(at);
      if (end > bytes.length) break;
      const answer = bytes.subarray(at + 4, end);
      at = end;
      this.waiting.shift()!.resolve(answer);
    }
    this.pending = bytes.subarray(at);
  }
}
