import { encodeJson, JsonFields, ZnodeFormatError } from './json.ts';
import { paths } from './paths.ts';

/** How one listener of a broker is reached: what stands in advertised.listeners. */
export interface RegisteredEndpoint {
  readonly listener: string;
  /** PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. */
  readonly securityProtocol: string;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

/** What a broker tells the cluster about itself in `/brokers/ids/<id>`. */
export interface BrokerRegistration {
  readonly id: number;
  readonly endpoints: readonly RegisteredEndpoint[];
  readonly rack: string | null;
  readonly jmxPort: number;
  readonly timestampMs: number;
}

/** A live broker. The epoch is the zxid of its registration: another one means it died and came back (KIP-380). */
export interface LiveBroker extends BrokerRegistration {
  readonly epoch: bigint;
}

/** Version 4, as every broker writes it whose inter.broker.protocol.version is at least 0.10.0-IV1 and below 2.7. */
export function encodeBrokerRegistration(registration: BrokerRegistration): Buffer {
  const plain = registration.endpoints.find((endpoint) => endpoint.securityProtocol === 'PLAINTEXT');
  return encodeJson({
    listener_security_protocol_map: Object.fromEntries(
      registration.endpoints.map((endpoint) => [endpoint.listener, endpoint.securityProtocol]),
    ),
    endpoints: registration.endpoints.map(formatEndpoint),
    ...(registration.rack === null ? {} : { rack: registration.rack }),
    jmx_port: registration.jmxPort,
    host: plain?.host ?? null,
    timestamp: String(registration.timestampMs),
    port: plain?.port ?? -1,
    version: 4,
  });
}

/** Every version, also later ones with more fields. Throws ZnodeFormatError. */
export function decodeBrokerRegistration(id: number, data: Buffer | null): BrokerRegistration {
  const fields = JsonFields.parse(paths.broker(id), data);
  const version = fields.integer('version');
  if (version < 1) throw new ZnodeFormatError(fields.path, `has version ${version}`);
  return {
    id,
    endpoints: version === 1 ? [onlyEndpoint(fields)] : endpointsOf(fields),
    rack: fields.optionalText('rack'),
    jmxPort: fields.has('jmx_port') ? fields.integer('jmx_port') : -1,
    timestampMs: fields.has('timestamp') ? fields.integerText('timestamp') : -1,
  };
}

function onlyEndpoint(fields: JsonFields): RegisteredEndpoint {
  const securityProtocol = 'PLAINTEXT';
  return {
    listener: securityProtocol,
    securityProtocol,
    host: fields.text('host'),
    port: fields.integer('port'),
  };
}

function endpointsOf(fields: JsonFields): RegisteredEndpoint[] {
  const protocols = fields.has('listener_security_protocol_map')
    ? fields.object('listener_security_protocol_map')
    : null;
  return fields.texts('endpoints').map((text) => {
    const match = /^(.*?):\/\/\[?(.*?)\]?:(\d+)$/.exec(text);
    if (match === null)
      throw new ZnodeFormatError(fields.path, `has an endpoint "${text}" without host and port`);
    const listener = match[1] ?? '';
    return {
      listener,
      securityProtocol: protocols === null ? listener : protocols.text(listener),
      host: match[2] ?? '',
      port: Number(match[3]),
    };
  });
}

function formatEndpoint({ listener, host, port }: RegisteredEndpoint): string {
  return `${listener}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
