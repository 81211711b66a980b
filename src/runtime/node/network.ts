import { lookup } from 'node:dns/promises';
import { createServer, isIP, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  NetworkError,
  type ConnectOptions,
  type Connection,
  type Endpoint,
  type ListenOptions,
  type Listener,
  type Log,
  type Network,
} from '../runtime.ts';
import { NodeConnection } from './connection.ts';
import { acceptedSocket, connectingSocket, SOCKET_OPTIONS } from './socket.ts';
import type { Turn } from './turn.ts';

/** TCP over node:net. */
export class NodeNetwork implements Network {
  readonly hostName: string;
  private readonly turn: Turn;
  private readonly log: Log;

  constructor(hostName: string, turn: Turn, log: Log) {
    this.hostName = hostName;
    this.turn = turn;
    this.log = log;
  }

  addresses(): string[] {
    const all = Object.values(networkInterfaces()).flatMap((ofOne) => ofOne ?? []);
    return all.filter((one) => !one.internal).map((one) => one.address);
  }

  async resolve(host: string): Promise<string[]> {
    if (isIP(host) !== 0) return [host];
    try {
      const found = await lookup(host, { all: true });
      // IPv4 first, as Java has it: who listens on localhost is expected at 127.0.0.1.
      return found.sort((a, b) => a.family - b.family).map((one) => one.address);
    } catch {
      throw new NetworkError('ENOTFOUND', `no address is known for the name ${host}`);
    }
  }

  async listen(
    at: Endpoint,
    accept: (connection: Connection) => void,
    options: ListenOptions = {},
  ): Promise<Listener> {
    const { keepAlive = false } = options;
    const server = createServer(
      { ...SOCKET_OPTIONS, noDelay: true, keepAlive, pauseOnConnect: true },
      (socket) => accept(new NodeConnection(acceptedSocket(socket), this.turn)),
    );
    const everywhere = at.host === '' || at.host === '0.0.0.0';
    const address = everywhere ? '' : await this.addressToListen(at);
    return new Promise((resolve, reject) => {
      server.once('error', (error) => reject(listenError(error, at)));
      server.listen(
        {
          port: at.port,
          ...(everywhere ? {} : { host: address }),
          ...(options.backlog === undefined ? {} : { backlog: options.backlog }),
        },
        () => {
          // Errors of accepting, such as too many open files: the connection fails, the server goes on.
          server.removeAllListeners('error').on('error', (error) => {
            this.log.warn(`a connection to ${place(at)} could not be accepted`, { reason: error.message });
          });
          resolve(new NodeListener(server, at.host));
        },
      );
    });
  }

  connect(to: Endpoint, options: ConnectOptions = {}): Promise<Connection> {
    return new Promise((resolve, reject) => {
      const paused = connectingSocket();
      const { socket } = paused;
      socket.connect({ host: to.host, port: to.port, noDelay: true, keepAlive: options.keepAlive === true });
      const timeout =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(() => {
              socket.destroy();
              reject(new NetworkError('ETIMEDOUT', `${place(to)} didn't answer in ${options.timeoutMs} ms`));
            }, options.timeoutMs);
      const failed = (error: Error): void => {
        clearTimeout(timeout);
        reject(connectError(error, to));
      };
      socket.once('error', failed);
      socket.once('connect', () => {
        clearTimeout(timeout);
        const connection = new NodeConnection(paused, this.turn);
        socket.removeListener('error', failed);
        resolve(connection);
      });
    });
  }

  private async addressToListen(at: Endpoint): Promise<string> {
    try {
      return (await this.resolve(at.host))[0]!;
    } catch (error) {
      throw listenError(error as Error, at);
    }
  }
}

class NodeListener implements Listener {
  readonly endpoint: Endpoint;
  private readonly server: Server;

  constructor(server: Server, host: string) {
    const address = server.address();
    this.server = server;
    this.endpoint = { host, port: address !== null && typeof address === 'object' ? address.port : 0 };
  }

  close(): Promise<void> {
    // Node's callback waits for the connections, too; the port itself is free at once.
    this.server.close();
    return new Promise((resolve) => setImmediate(resolve));
  }
}

function place(endpoint: Endpoint): string {
  return `${endpoint.host}:${endpoint.port}`;
}

function codeOf(error: Error): string {
  if (error instanceof AggregateError && error.errors.length > 0) return codeOf(error.errors[0]);
  return 'code' in error && typeof error.code === 'string' ? error.code : 'EIO';
}

function listenError(error: Error, at: Endpoint): NetworkError {
  const code = codeOf(error);
  const sentence: Record<string, string> = {
    EADDRINUSE: `port ${at.port} is in use already: stop what listens there, or take another port`,
    EADDRNOTAVAIL: `${at.host} is not an address of this machine`,
    EACCES: `port ${at.port} may be used with more rights only: take one from 1024 on`,
    ENOTFOUND: `no address is known for the name ${at.host}`,
  };
  return new NetworkError(code, `can't listen on ${place(at)}: ${sentence[code] ?? error.message}`);
}

function connectError(error: Error, to: Endpoint): NetworkError {
  const code = codeOf(error) === 'EAI_AGAIN' ? 'ENOTFOUND' : codeOf(error);
  const sentence: Record<string, string> = {
    ECONNREFUSED: 'nothing listens there',
    ENOTFOUND: `no address is known for the name ${to.host}`,
    EHOSTUNREACH: 'there is no way to that address',
  };
  return new NetworkError(code, `can't connect to ${place(to)}: ${sentence[code] ?? error.message}`);
}
