/** What servers answer to four-letter words and at the admin port, in a form that two makers' answers can be compared in. */
import { connect } from 'node:net';

/** What comes until the server closes; the parts leave one after the other. */
export function askWord(
  port: number,
  parts: readonly Buffer[],
  { host = '127.0.0.1', limitMs = 10_000 } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const answer: Buffer[] = [];
    const socket = connect({ port, host, noDelay: true }, () => {
      parts.forEach((part, i) => setTimeout(() => socket.write(part), i * 50));
    });
    socket.setTimeout(limitMs, () => socket.destroy(new Error('no answer')));
    socket.on('data', (chunk) => answer.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' ? resolve(Buffer.concat(answer).toString()) : reject(error),
    );
    socket.on('end', () => (socket.end(), resolve(Buffer.concat(answer).toString())));
  });
}

/**
 * What a server answers to a word; nothing if it doesn't. Apache's 3.9.5 leaves connections that come while it is starting open, and never
 * reads from them.
 */
export function tells(
  port: number,
  word: string,
  options: { host?: string; limitMs?: number } = {},
): Promise<string> {
  return askWord(port, [Buffer.from(word)], options).catch(() => '');
}

/** Of `mntr`, without its `zk_`; null: that server doesn't count it. */
export async function metric(
  { host, port }: { readonly host: string; readonly port: number },
  name: string,
): Promise<string | null> {
  const text = await askWord(port, [Buffer.from('mntr')], { host });
  return new RegExp(`^zk_${name}\\t(.*)$`, 'm').exec(text)?.[1] ?? null;
}

const ofApacheAlone = /_((read|write)_per_namespace|learner_handler_qp_(size|time_ms))(\t|$)/;

/** Without numbers, hexadecimal ids, dates, the release and the machine's own values. */
export function settled(text: string): string {
  const lines = text
    .replace(/0x[0-9a-f]+/g, '0xN')
    .replace(/\d+(\.\d+)?(E-?\d+)?/g, 'N')
    .replace(/-N\b/g, 'N')
    .replace(/expire at .*:/g, 'expire at DATE:')
    .replace(/(version[:=\t] ?).*/gi, '$1VERSION')
    .replace(/^((?:host|java|os|user)\.[\w.]+)=.*$/gm, '$1=…')
    .replace(/^(data(?:Log)?Dir)=.*$/gm, '$1=…')
    .split('\n')
    // Buckets that emptied before their time, and what only Apache counts: the traffic of namespaces, and queues of threads.
    .filter((line) => line !== 'N expire at DATE:' && !ofApacheAlone.test(line))
    .map((line) => line.replace(/Sets \(N\)\/\(N\)/, 'Sets'));
  // Connections come in no order.
  const isConnection = (line: string) => /^(\tip:)? \//.test(line);
  return [...lines.filter((line) => !isConnection(line)), ...lines.filter(isConnection).sort()].join('\n');
}

export async function getCommand(url: string, authorization?: string): Promise<unknown> {
  const response = await fetch(url, authorization === undefined ? {} : { headers: { authorization } });
  const type = response.headers.get('content-type');
  const told = {
    status: response.status,
    type,
    headers: ['last_zxid', 'snapshot_size'].filter((name) => response.headers.has(name)),
  };
  if (response.status === 404) return { status: 404 };
  const body = await response.text();
  if (type === 'application/json') return { ...told, body: shape(JSON.parse(body)) };
  return type === null ? { ...told, body } : told;
}

/** Keys and kinds of values; what names a session is the same for all sessions. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape);
  if (value === null || typeof value !== 'object') return value === null ? null : typeof value;
  const entries = Object.entries(value).map(([key, of]) => [key.replace(/^\d+$/, 'N'), shape(of)] as const);
  return Object.fromEntries(entries.filter(([key]) => !ofApacheAlone.test(key)));
}
