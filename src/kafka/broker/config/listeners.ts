/**
 * Listeners: the sockets that a broker binds (`listeners`), the addresses that it tells clients (`advertised.listeners`), and which
 * security protocol each speaks (`listener.security.protocol.map`, KIP-103). Everything that can be wrong with them is said here, before a
 * socket is opened.
 */
import { ConfigError } from './config-key.ts';

/** In the order of the numbers that requests call them by. */
export const securityProtocols = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'] as const;
export type SecurityProtocol = (typeof securityProtocols)[number];

export interface Listener {
  /** In capitals. */
  readonly name: string;
  readonly protocol: SecurityProtocol;
  /** Empty: all interfaces. An IPv6 address stands without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ListenerSettings {
  readonly listeners: readonly Listener[];
  readonly advertisedListeners: readonly Listener[];
  readonly interBrokerListenerName: string;
}

/** What the listener keys say, and whether they were set at all. */
export interface ListenerKeys {
  readonly listeners: string | null;
  readonly advertisedListeners: string | null;
  readonly protocolMap: string;
  readonly interBrokerListenerName: string | null;
  readonly interBrokerProtocol: string | null;
  /** The old ways to name one PLAINTEXT listener: host.name, port, advertised.host.name, advertised.port. */
  readonly hostName: string;
  readonly port: number;
  readonly advertisedHostName: string | null;
  readonly advertisedPort: number | null;
}

/** Throws ConfigError with the first thing that is wrong. */
export function resolveListeners(keys: ListenerKeys): ListenerSettings {
  const protocols = protocolMap(keys.protocolMap);
  const listeners = endpoints(
    'listeners',
    keys.listeners ?? `PLAINTEXT://${bracketed(keys.hostName)}:${keys.port}`,
    protocols,
  );
  const advertisedListeners = advertised(keys, listeners, protocols);
  return {
    listeners,
    advertisedListeners,
    interBrokerListenerName: interBrokerListener(keys, listeners, advertisedListeners),
  };
}

/** `NAME:PROTOCOL,…`; names are case-insensitive. */
function protocolMap(text: string): Map<string, SecurityProtocol> {
  const key = 'listener.security.protocol.map';
  const map = new Map<string, SecurityProtocol>();
  for (const entry of items(text)) {
    const [name, protocol, ...rest] = entry.split(':').map((part) => part.trim());
    const known = securityProtocols.find((p) => p === protocol?.toUpperCase());
    if (!name || known === undefined || rest.length > 0)
      throw new ConfigError(
        key,
        `${key} has the entry '${entry}'; write NAME:PROTOCOL, where PROTOCOL is one of ${securityProtocols.join(', ')}`,
      );
    if (map.has(name.toUpperCase()))
      throw new ConfigError(key, `${key} names the listener ${name.toUpperCase()} twice; leave one entry`);
    map.set(name.toUpperCase(), known);
  }
  return map;
}

function endpoints(key: string, text: string, protocols: Map<string, SecurityProtocol>): Listener[] {
  const found: Listener[] = [];
  for (const item of items(text)) {
    const listener = endpoint(key, item, protocols);
    const sameName = found.find((other) => other.name === listener.name);
    if (sameName !== undefined)
      throw new ConfigError(
        key,
        `${key} has two listeners called ${listener.name}; give each a name of its own and map it in listener.security.protocol.map`,
      );
    const samePort = found.find((other) => other.port === listener.port && listener.port !== 0);
    // Only the sockets need ports of their own: behind a proxy several advertised addresses may share one (KAFKA-10478).
    if (key === 'listeners' && samePort !== undefined)
      throw new ConfigError(
        key,
        `${key} binds port ${listener.port} for ${samePort.name} and for ${listener.name}; each listener needs a port of its own`,
      );
    found.push(listener);
  }
  if (found.length === 0)
    throw new ConfigError(key, `${key} is empty; write at least one, such as PLAINTEXT://0.0.0.0:9092`);
  return found;
}

function endpoint(key: string, text: string, protocols: Map<string, SecurityProtocol>): Listener {
  const match = /^([^:/]*):\/\/(?:\[([0-9a-fA-F:.%]+)\]|([0-9a-zA-Z._-]*)):(-?\d+)$/.exec(text);
  if (match === null)
    throw new ConfigError(
      key,
      `${key} has the entry '${text}', which is no listener; write NAME://host:port, such as PLAINTEXT://0.0.0.0:9092`,
    );
  const name = match[1]!.toUpperCase();
  const port = Number(match[4]);
  if (port < 0 || port > 65535)
    throw new ConfigError(key, `${key} has the port ${port} in '${text}'; ports lie between 0 and 65535`);
  const protocol = protocols.get(name);
  if (protocol === undefined)
    throw new ConfigError(
      key,
      `${key} uses the listener ${name}, for which listener.security.protocol.map names no protocol; add ${name}:PLAINTEXT to it`,
    );
  return { name, protocol, host: match[2] ?? match[3] ?? '', port };
}

function advertised(
  keys: ListenerKeys,
  listeners: readonly Listener[],
  protocols: Map<string, SecurityProtocol>,
): readonly Listener[] {
  const key = 'advertised.listeners';
  if (keys.advertisedListeners === null && keys.advertisedHostName === null && keys.advertisedPort === null) {
    const everywhere = listeners.find((l) => l.host === '0.0.0.0' || l.host === '::');
    if (everywhere !== undefined)
      throw new ConfigError(
        key,
        `${key} is not set and the listener ${everywhere.name} is bound to ${everywhere.host}, which is no address that a client can connect to; set ${key}=${everywhere.name}://<a name that clients resolve>:${everywhere.port}`,
      );
    return listeners;
  }
  const text =
    keys.advertisedListeners ??
    `PLAINTEXT://${bracketed(keys.advertisedHostName ?? keys.hostName)}:${keys.advertisedPort ?? keys.port}`;
  const found = endpoints(key, text, protocols);
  for (const listener of found) {
    if (listener.host === '0.0.0.0' || listener.host === '::')
      throw new ConfigError(
        key,
        `${key} tells clients to connect to ${listener.host}, which is no address of this broker; write the name or address under which clients reach ${listener.name}`,
      );
    if (!listeners.some((bound) => bound.name === listener.name))
      throw new ConfigError(
        key,
        `${key} names ${listener.name}, but listeners binds only ${names(listeners)}; add ${listener.name}://0.0.0.0:${listener.port} to listeners or drop it here`,
      );
  }
  return found;
}

function interBrokerListener(
  keys: ListenerKeys,
  listeners: readonly Listener[],
  advertisedListeners: readonly Listener[],
): string {
  const key = 'inter.broker.listener.name';
  if (keys.interBrokerListenerName !== null && keys.interBrokerProtocol !== null)
    throw new ConfigError(
      key,
      `${key} and security.inter.broker.protocol are both set; keep ${key} and drop the other`,
    );
  const name = (keys.interBrokerListenerName ?? keys.interBrokerProtocol ?? 'PLAINTEXT').toUpperCase();
  if (advertisedListeners.some((l) => l.name === name)) return name;
  if (keys.interBrokerListenerName === null && listeners.some((l) => l.protocol === 'PLAINTEXT'))
    throw new ConfigError(
      key,
      `no listener is called ${name}, the one that brokers use among themselves; set ${key} to one of ${names(advertisedListeners)}`,
    );
  throw new ConfigError(
    key,
    `${key} is ${name}, which advertised.listeners doesn't have; write one of ${names(advertisedListeners)}`,
  );
}

const items = (text: string) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
const names = (listeners: readonly Listener[]) => listeners.map((l) => l.name).join(', ');
const bracketed = (host: string) => (host.includes(':') ? `[${host}]` : host);
