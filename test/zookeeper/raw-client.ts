import type { Connection, Runtime } from '../../src/runtime/runtime.ts';
import type { SimulatedWorld } from '../../src/runtime/simulated/simulated-world.ts';
import { FrameSplitter } from '../../src/wire/frames.ts';
import { connectFrame, readReply } from './test-server.ts';

/** A client that says what a test wants it to say, in a simulated world. */
export class RawClient {
  /** What came, without lengths. */
  readonly frames: Buffer[] = [];
  text = '';
  isClosed = false;
  private readonly world: SimulatedWorld;
  private readonly connection: Connection;

  private constructor(world: SimulatedWorld, connection: Connection) {
    this.world = world;
    this.connection = connection;
    const splitter = new FrameSplitter(1 << 26);
    connection.start({
      data: (bytes) => {
        this.text += bytes.toString('latin1');
        if (!this.isWord) splitter.push(bytes, (frame) => this.frames.push(Buffer.from(frame)));
      },
      closed: () => (this.isClosed = true),
    });
  }

  private isWord = false;

  static async connect(world: SimulatedWorld, runtime: Runtime, host: string): Promise<RawClient> {
    const connection = await world.play(() =>
      runtime.network.connect({ host, port: 2181 }, { timeoutMs: 1000 }),
    );
    return new RawClient(world, connection);
  }

  /** What a four-letter word is answered. */
  static async ask(world: SimulatedWorld, runtime: Runtime, host: string, word: string): Promise<string> {
    const client = await RawClient.connect(world, runtime, host);
    client.isWord = true;
    client.connection.write(Buffer.from(word));
    await world.run(() => client.isClosed, 1000);
    return client.text;
  }

  /** Says hello. @returns the session, or null when the server closed. */
  async open(options: Parameters<typeof connectFrame>[0] = {}): Promise<{
    timeoutMs: number;
    sessionId: bigint;
    password: Buffer;
    readOnly: boolean;
  } | null> {
    const frame = await this.call(connectFrame(options));
    if (frame === null) return null;
    return {
      timeoutMs: frame.readInt32BE(4),
      sessionId: frame.readBigInt64BE(8),
      password: frame.subarray(20, 36),
      readOnly: frame[36] === 1,
    };
  }

  /** @returns the error code of the answer; null when the server closed. */
  async ask(request: Buffer): Promise<number | null> {
    const frame = await this.call(request);
    return frame === null ? null : readReply(frame).error;
  }

  send(bytes: Buffer): void {
    this.connection.write(bytes);
  }

  close(): void {
    this.connection.destroy();
  }

  private async call(bytes: Buffer): Promise<Buffer | null> {
    const before = this.frames.length;
    this.connection.write(bytes);
    await this.world.run(() => this.frames.length > before || this.isClosed, 10_000);
    return this.frames[before] ?? null;
  }
}
