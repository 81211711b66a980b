import type { Endpoint } from '../../runtime/runtime.ts';

/** A request may or may not have arrived: the connection could not be made, broke, or nothing came back in time. */
export class BrokerUnreachable extends Error {
  readonly endpoint: Endpoint;

  constructor(endpoint: Endpoint, reason: string) {
    super(`broker at ${endpoint.host}:${endpoint.port}: ${reason}`);
    this.name = 'BrokerUnreachable';
    this.endpoint = endpoint;
  }
}
