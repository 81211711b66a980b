import type { Connection, Endpoint, Listener, Runtime, Timer } from '../../../runtime/runtime.ts';

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The header of that name; null without. */
  readonly authorization: string | null;
  readonly clientAddress: string;
}

export interface HttpResponse {
  readonly status: keyof typeof reasons;
  /** '' is none. */
  readonly contentType: string;
  readonly body: string | HttpStream;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A body that is read while it is sent. */
export interface HttpStream {
  readonly bytes: number;
  /** The next piece; null at the end. Throws: then the connection is cut. */
  next(): Buffer | null;
  close(): void;
}

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 100;

const reasons = {
  200: 'OK',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
} as const;

/** Where connections come in, given where they go. */
export type Door = (accept: (connection: Connection) => void) => (connection: Connection) => void;

type Handler = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>;

/**
 * The little of HTTP/1.1 that administrators need: bodies of requests aren't read, one request a connection, everything bounded.
 * Over the runtime's network, so that it works wherever the server does.
 */
export class HttpResponder {
  private readonly runtime: Runtime;
  private readonly idleTimeoutMs: number;
  private readonly handle: Handler;
  private readonly open = new Set<Connection>();
  private listener: Listener | null = null;

  constructor(runtime: Runtime, idleTimeoutMs: number, handle: Handler) {
    this.runtime = runtime;
    this.idleTimeoutMs = idleTimeoutMs;
    this.handle = handle;
  }

  /** Rejects with a NetworkError. `through`: what connections pass on their way in, if they must. */
  async listen(at: Endpoint, through?: Door): Promise<Endpoint> {
    const accept = (connection: Connection): void => this.accept(connection);
    this.listener = await this.runtime.network.listen(at, through === undefined ? accept : through(accept));
    return this.listener.endpoint;
  }

  async close(): Promise<void> {
    for (const connection of this.open) connection.destroy();
    await this.listener?.close();
  }

  private accept(connection: Connection): void {
    if (this.open.size >= MAX_CONNECTIONS) {
      connection.destroy();
      return;
    }
    this.open.add(connection);
    let head = Buffer.alloc(0);
    let isAnswered = false;
    let stream: HttpStream | null = null;
    let timer: Timer = this.idle(connection);
    const pump = (): void => {
      if (stream === null) return;
      timer.cancel();
      timer = this.idle(connection);
      try {
        for (let piece = stream.next(); piece !== null; piece = stream.next())
          if (!connection.write(piece)) return;
        connection.end();
      } catch (error) {
        this.runtime.log.warn(`an answer broke off: ${(error as Error).message}`);
        connection.destroy();
      }
    };
    const send = (response: HttpResponse, method: string): void => {
      if (!this.open.has(connection)) {
        if (typeof response.body !== 'string') response.body.close();
        return;
      }
      connection.write(encodeHead(response));
      if (method !== 'HEAD' && typeof response.body !== 'string') {
        stream = response.body;
        pump();
        return;
      }
      if (typeof response.body !== 'string') response.body.close();
      else if (method !== 'HEAD') connection.write(Buffer.from(response.body, 'utf8'));
      connection.end();
    };
    connection.start({
      data: (bytes) => {
        if (isAnswered) return;
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0 && head.length <= MAX_HEAD_BYTES) return;
        isAnswered = true;
        if (end < 0) send(plain(431, 'the request is too long'), '');
        else this.answer(head.toString('latin1', 0, end), connection, send);
      },
      drained: pump,
      closed: () => {
        timer.cancel();
        stream?.close();
        stream = null;
        this.open.delete(connection);
      },
    });
  }

  private idle(connection: Connection): Timer {
    return this.runtime.clock.after(this.idleTimeoutMs, () => connection.destroy());
  }

  private answer(
    head: string,
    connection: Connection,
    send: (response: HttpResponse, method: string) => void,
  ): void {
    const [line = '', ...headers] = head.split('\r\n');
    const match = /^([A-Z]+) (\/[^ ]*) HTTP\/1\.[01]$/.exec(line);
    if (match === null) {
      send(plain(400, 'this is not an HTTP/1.1 request'), 'GET');
      return;
    }
    const method = match[1]!;
    const [path = '/', query = ''] = match[2]!.split('?', 2);
    const authorization = headers.map((header) => /^authorization:\s*(.*?)\s*$/i.exec(header)?.[1]);
    const request: HttpRequest = {
      method,
      path,
      query: new URLSearchParams(query),
      authorization: authorization.find((value) => value !== undefined) ?? null,
      clientAddress: connection.remote.host,
    };
    Promise.resolve(this.handle(request)).then(
      (response) => send(response, method),
      (error: unknown) => {
        this.runtime.log.error(`${method} ${path} can't be answered: ${String(error)}`);
        send(plain(500, 'the server failed; its log says how'), method);
      },
    );
  }
}

export function plain(status: HttpResponse['status'], body: string): HttpResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function encodeHead({ status, contentType, body, headers = {} }: HttpResponse): Buffer {
  const all = {
    ...(contentType === '' ? {} : { 'Content-Type': contentType }),
    'Content-Length': typeof body === 'string' ? Buffer.byteLength(body) : body.bytes,
    Connection: 'close',
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} ${reasons[status]}\r\n${lines.join('')}\r\n`, 'latin1');
}
