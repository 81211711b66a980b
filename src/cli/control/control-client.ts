import { createConnection } from 'node:net';
import { JsonLines } from './json-lines.ts';
import type { ClusterStatus, ControlReply, ControlRequest } from './protocol.ts';

/** Nothing runs behind the control socket. */
export class NotRunning extends Error {}

/**
 * Asks a running `up`. Lines go to `line`; resolves with the status if there was one. Rejects with NotRunning, or with an Error that
 * says what was refused.
 */
export function ask(
  path: string,
  request: ControlRequest,
  line: (reply: Extract<ControlReply, { kind: 'line' }>) => void = () => {},
): Promise<ClusterStatus | null> {
  return new Promise((resolve, reject) => {
    const lines = new JsonLines();
    const socket = createConnection(path, () => socket.write(`${JSON.stringify(request)}\n`));
    let connected = false;
    socket.on('connect', () => (connected = true));
    socket.on('error', (error) => reject(connected ? error : new NotRunning()));
    socket.on('close', () => {
      if (request.command === 'down' || (request.command === 'logs' && request.follow)) resolve(null);
      else reject(new NotRunning());
    });
    socket.on('data', (chunk) => {
      for (const message of lines.push(chunk)) {
        const reply = message as ControlReply;
        if (reply.kind === 'line') {
          line(reply);
          continue;
        }
        if (reply.kind === 'failed') reject(new Error(reply.message));
        else resolve(reply.kind === 'status' ? reply.cluster : null);
        socket.end();
      }
    });
  });
}
