import type { Runtime } from '../../runtime/runtime.ts';
import { BrokerClient } from '../client/broker-client.ts';
import type { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import { ErrorCode, errorInfo } from '../protocol/errors.ts';
import { controlledShutdown } from '../protocol/messages/07-controlled-shutdown.ts';

export interface ControlledShutdownOptions {
  readonly brokerId: number;
  readonly brokerEpoch: bigint;
  readonly interBrokerListenerName: string;
  readonly maxRetries: number;
  readonly retryBackoffMs: number;
  readonly socketTimeoutMs: number;
}

const VERSION = 2;

/**
 * Asks the controller to move this broker's leaderships away (KIP-143), some times if need be. @returns whether all are moved; if not, the
 * broker stops all the same and the controller finds out by the end of its session.
 */
export async function askForShutdown(
  runtime: Runtime,
  zk: KafkaZooKeeper,
  options: ControlledShutdownOptions,
): Promise<boolean> {
  for (let tries = options.maxRetries; tries > 0; tries -= 1) {
    const problem = await askOnce(runtime, zk, options).catch((error: unknown) => String(error));
    if (problem === null) return true;
    runtime.log.info(`controlled shutdown isn't through: ${problem}`);
    if (tries > 1)
      await new Promise<void>((resolve) => {
        runtime.clock.after(options.retryBackoffMs, resolve);
      });
  }
  runtime.log.warn('stopping without a complete controlled shutdown');
  return false;
}

/** @returns null when nothing is led here any more, else what stands in the way. */
async function askOnce(
  runtime: Runtime,
  zk: KafkaZooKeeper,
  options: ControlledShutdownOptions,
): Promise<string | null> {
  const id = await zk.readController();
  const controller = id === null ? null : await zk.readBroker(id);
  const endpoint = controller?.endpoints.find((each) => each.listener === options.interBrokerListenerName);
  if (endpoint === undefined) return 'there is no controller';
  const client = new BrokerClient(runtime, {
    endpoint: { host: endpoint.host, port: endpoint.port },
    clientId: String(options.brokerId),
    requestTimeoutMs: options.socketTimeoutMs,
  });
  try {
    const answer = await client.send(controlledShutdown, VERSION, {
      brokerId: options.brokerId,
      brokerEpoch: options.brokerEpoch,
    });
    if (answer.errorCode !== ErrorCode.NONE)
      return `the controller answered ${errorInfo(answer.errorCode).name}`;
    const left = answer.remainingPartitions.length;
    return left === 0 ? null : `${left} partitions have no other replica that could lead`;
  } finally {
    client.close();
  }
}
