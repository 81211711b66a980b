import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Socket } from 'node:net';
import { JsonLines } from './json-lines.ts';
import type { ControlReply, ControlRequest } from './protocol.ts';

export interface ControlServer {
  close(): Promise<void>;
}

/** How one request is answered. `gone` hears when nobody listens to the answer any more. */
export type ControlHandler = (
  request: ControlRequest,
  reply: (message: ControlReply) => void,
  gone: (run: () => void) => void,
) => Promise<void>;

/** Listens for commands. The caller holds the project's lock, so what is left of an earlier socket may go. */
export async function serveControl(path: string, handle: ControlHandler): Promise<ControlServer> {
  if (process.platform !== 'win32') rmSync(path, { force: true });
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    converse(socket, handle, () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.end();
      }),
  };
}

function converse(socket: Socket, handle: ControlHandler, closed: () => void): void {
  const lines = new JsonLines();
  const leavers: (() => void)[] = [];
  const reply = (message: ControlReply): void => {
    if (!socket.destroyed) socket.write(`${JSON.stringify(message)}\n`);
  };
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    closed();
    for (const run of leavers) run();
  });
  socket.on('data', (chunk) => {
    try {
      for (const message of lines.push(chunk)) {
        const request = asRequest(message);
        if (request === null) throw new SyntaxError('no command');
        void handle(request, reply, (run) => leavers.push(run)).catch((error: unknown) =>
          reply({ kind: 'failed', message: error instanceof Error ? error.message : String(error) }),
        );
      }
    } catch {
      reply({ kind: 'failed', message: 'this is no command that gregor understands' });
      socket.end();
    }
  });
}

/** The commands may come from another version of gregor. */
function asRequest(message: unknown): ControlRequest | null {
  if (typeof message !== 'object' || message === null) return null;
  const { command, service, services, tail, follow } = message as Record<string, unknown>;
  if (command === 'status' || command === 'started' || command === 'down') return { command };
  if ((command === 'kill' || command === 'restart') && typeof service === 'string')
    return { command, service };
  if (command !== 'logs' || !Array.isArray(services)) return null;
  return {
    command,
    services: services.filter((name): name is string => typeof name === 'string'),
    tail: typeof tail === 'number' ? tail : null,
    follow: follow === true,
  };
}
