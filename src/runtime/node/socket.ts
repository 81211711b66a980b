import { Socket, type SocketConstructorOpts } from 'node:net';

/** What is missing in the types of `Socket`. */
interface SocketOptions extends SocketConstructorOpts {
  highWaterMark: number;
  onread?: { buffer: Buffer; callback: (count: number) => boolean };
  handle?: object;
  pauseOnCreate?: boolean;
}

export const SOCKET_OPTIONS: SocketOptions = { allowHalfOpen: true, highWaterMark: 64 * 1024 };

/** Where what a socket reads goes. Set it before the socket is resumed. */
export interface Reading {
  /** The buffer is the taker's to keep. @returns false to read no more until the socket is resumed */
  received: (bytes: Buffer) => boolean;
  /** Instead, where it is set: the bytes are right only until it returns. */
  lent: ((bytes: Buffer) => boolean) | null;
}

/** A paused socket, and its `reading`, or null when its own `data` events tell what was read. */
export interface PausedSocket {
  readonly socket: Socket;
  readonly reading: Reading | null;
}

/** All sockets read into this one, one after the other; on Windows, where several reads may be under way at once, none does. */
const shared = process.platform === 'win32' ? null : Buffer.allocUnsafeSlow(256 * 1024);

/**
 * A socket to connect with. What it reads is copied out of a buffer that stays in the processor's cache: with a new buffer of
 * 64 KiB for each read, as Node has it, a small request costs a third more (bench/micro/echo.ts).
 */
export function connectingSocket(): PausedSocket {
  if (shared === null) return { socket: new Socket(SOCKET_OPTIONS).pause(), reading: null };
  const reading: Reading = { received: () => false, lent: null };
  const options: SocketOptions = { ...SOCKET_OPTIONS, onread: into(shared, reading) };
  const socket = new Socket(options);
  return { socket: socket.pause(), reading };
}

/**
 * The same for a socket that a server accepted and left paused. Servers have no option for it, so its handle moves to a socket
 * made here. Should a later Node keep handles to itself, the socket is read in the usual way.
 */
export function acceptedSocket(socket: Socket): PausedSocket {
  const holder = socket as unknown as { _handle?: object | null };
  const handle = holder._handle;
  if (shared === null || handle === undefined || handle === null) return { socket, reading: null };
  holder._handle = null;
  const reading: Reading = { received: () => false, lent: null };
  const options: SocketOptions = {
    ...SOCKET_OPTIONS,
    handle,
    pauseOnCreate: true,
    onread: into(shared, reading),
  };
  return { socket: new Socket(options), reading };
}

function into(buffer: Buffer, reading: Reading): NonNullable<SocketOptions['onread']> {
  return {
    buffer,
    callback: (count) => {
      if (reading.lent !== null) return reading.lent(buffer.subarray(0, count));
      const bytes = Buffer.allocUnsafe(count);
      buffer.copy(bytes, 0, 0, count);
      return reading.received(bytes);
    },
  };
}
