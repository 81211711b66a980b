import type { BrokerConfig } from '../../kafka/broker/config/broker-config.ts';
import { BrokerClient } from '../../kafka/client/broker-client.ts';
import { metadata } from '../../kafka/protocol/messages/03-metadata.ts';
import type { Runtime } from '../../runtime/runtime.ts';

const METADATA_VERSION = 5;
const POLL_MS = 10;
const TIMEOUT_MS = 10_000;

/**
 * Resolves when a broker, asked from its own host, tells clients of `count` brokers and of a controller: from then on a topic can be
 * made that lives on all of them. Gives up, with a warning in the log, after ten seconds.
 */
export async function awaitBrokers(runtime: Runtime, config: BrokerConfig, count: number): Promise<void> {
  const bound = config.listeners.find(({ name }) => name === config.interBrokerListenerName);
  if (bound === undefined || bound.protocol !== 'PLAINTEXT') return;
  const host = ['', '0.0.0.0', '::'].includes(bound.host) ? 'localhost' : bound.host;
  const client = new BrokerClient(runtime, { endpoint: { host, port: bound.port }, clientId: 'gregor' });
  const { clock } = runtime;
  const giveUpMs = clock.monotonicMs() + TIMEOUT_MS;
  try {
    for (;;) {
      const { brokers, controllerId } = await client.send(metadata, METADATA_VERSION, { topics: [] });
      if (brokers.length >= count && controllerId >= 0) return;
      if (clock.monotonicMs() > giveUpMs) {
        runtime.log.warn(`only ${brokers.length} of ${count} brokers are known here so far`);
        return;
      }
      await new Promise<void>((resolve) => void clock.after(POLL_MS, resolve));
    }
  } finally {
    client.close();
  }
}
