import type { Connection, Endpoint, Listener, Runtime, Timer } from '../../runtime/runtime.ts';

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
}

export interface HttpResponse {
  readonly status: 200 | 302 | 400 | 404 | 405 | 431;
  readonly contentType: string;
  readonly body: string;
  readonly location?: string;
}

const MAX_HEAD_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 100;

const reasons: Record<HttpResponse['status'], string> = {
  200: 'OK',
  302: 'Found',
  400: 'Bad Request',
  404: 'Not Found',
  405: 'Method Not Allowed',
  431: 'Request Header Fields Too Large',
};

/**
 * The little of HTTP/1.1 that an administrator's GET needs: no bodies, one request a connection, everything bounded. Over the
 * runtime's network, so that it works wherever the server does.
 */
export class HttpResponder {
  private readonly runtime: Runtime;
  private readonly idleTimeoutMs: number;
  private readonly handle: (request: HttpRequest) => HttpResponse;
  private readonly open = new Set<Connection>();
  private listener: Listener | null = null;

  constructor(runtime: Runtime, idleTimeoutMs: number, handle: (request: HttpRequest) => HttpResponse) {
    this.runtime = runtime;
    this.idleTimeoutMs = idleTimeoutMs;
    this.handle = handle;
  }

  /** Rejects with a NetworkError. */
  async listen(at: Endpoint): Promise<Endpoint> {
    this.listener = await this.runtime.network.listen(at, (connection) => this.accept(connection));
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
    const timer: Timer = this.runtime.clock.after(this.idleTimeoutMs, () => connection.destroy());
    connection.start({
      data: (bytes) => {
        if (isAnswered) return;
        head = Buffer.concat([head, bytes]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0 && head.length <= MAX_HEAD_BYTES) return;
        isAnswered = true;
        connection.write(end < 0 ? encode(plain(431, 'the request is too long'), '') : this.answer(head));
        connection.end();
      },
      closed: () => {
        timer.cancel();
        this.open.delete(connection);
      },
    });
  }

  private answer(head: Buffer): Buffer {
    const line = head.toString('latin1', 0, head.indexOf('\r\n'));
    const match = /^([A-Z]+) (\/[^ ]*) HTTP\/1\.[01]$/.exec(line);
    if (match === null) return encode(plain(400, 'this is not an HTTP/1.1 request'), 'GET');
    const method = match[1]!;
    if (method !== 'GET' && method !== 'HEAD')
      return encode(plain(405, `${method} is not served; use GET`), method);
    const [path = '/', query = ''] = match[2]!.split('?', 2);
    return encode(this.handle({ method, path, query: new URLSearchParams(query) }), method);
  }
}

export function plain(status: HttpResponse['status'], body: string): HttpResponse {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function encode(response: HttpResponse, method: string): Buffer {
  const body = Buffer.from(response.body, 'utf8');
  const location = response.location === undefined ? '' : `Location: ${response.location}\r\n`;
  const head =
    `HTTP/1.1 ${response.status} ${reasons[response.status]}\r\nContent-Type: ${response.contentType}\r\n` +
    `Content-Length: ${body.length}\r\n${location}Connection: close\r\n\r\n`;
  return method === 'HEAD' ? Buffer.from(head, 'latin1') : Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
