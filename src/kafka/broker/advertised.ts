import type { Endpoint } from '../../runtime/runtime.ts';
import type { BrokerRegistration } from '../controller/znodes/broker-registration.ts';
import type { BrokerConfig } from './config/broker-config.ts';

/** What a broker registers: advertised addresses, with the port that was really bound where 0 was configured. */
export function registrationOf(
  config: BrokerConfig,
  id: number,
  bound: ReadonlyMap<string, Endpoint>,
  hostName: string,
  timestampMs: number,
): BrokerRegistration {
  return {
    id,
    endpoints: config.advertisedListeners.map(({ name, protocol, host, port }) => ({
      listener: name,
      securityProtocol: protocol,
      host: host === '' ? hostName : host,
      port: port === 0 ? (bound.get(name)?.port ?? 0) : port,
    })),
    rack: config.brokerRack,
    jmxPort: -1,
    timestampMs,
  };
}
