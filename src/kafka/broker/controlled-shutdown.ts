import type { Clock, Runtime } from '../../runtime/runtime.ts';
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

/** Before trying again when no controller could be asked: an election takes no longer. */
const ELECTION_PAUSE_MS = 100;

type Answer = 'done' | 'noController' | { readonly refused: string };

/**
 * Asks the controller to move this broker's leaderships away (KIP-143), some times if need be. @returns whether all are moved; if not, the
 * broker stops all the same and the controller finds out by the end of its session.
 */
export async function askForShutdown(
  runtime: Runtime,
  zk: KafkaZooKeeper,
  options: ControlledShutdownOptions,
): Promise<boolean> {
  const { clock, log } = runtime;
  const pause = (ms: number): Promise<void> =>
    new Promise((resolve) => {
      clock.after(ms, resolve);
    });
  let refusals = 0;
  let waitUntilMs = clock.monotonicMs() + options.retryBackoffMs;
  for (;;) {
    const answer = await askOnce(runtime, zk, options).catch((): Answer => 'noController');
    if (answer === 'done') return true;
    if (answer === 'noController') {
      if (clock.monotonicMs() >= waitUntilMs) break;
      await pause(ELECTION_PAUSE_MS);
      continue;
    }
    if (await isAlone(runtime, zk, options)) {
      log.info('no other broker is left that could take over what this one leads; it stops all the same');
      return false;
    }
    log.info(`the controller can't take over everything that this broker leads: ${answer.refused}`);
    refusals += 1;
    if (refusals >= options.maxRetries) break;
    await pause(options.retryBackoffMs);
    waitUntilMs = clock.monotonicMs() + options.retryBackoffMs;
  }
  log.warn('stops, though partitions that it leads will have no leader until it is back');
  return false;
}

async function askOnce(
  runtime: Runtime,
  zk: KafkaZooKeeper,
  options: ControlledShutdownOptions,
): Promise<Answer> {
  const { clock } = runtime;
  const id = await within(clock, options.retryBackoffMs, zk.readController());
  const controller = id === null ? null : await within(clock, options.retryBackoffMs, zk.readBroker(id));
  const endpoint = controller?.endpoints.find((each) => each.listener === options.interBrokerListenerName);
  if (endpoint === undefined) return 'noController';
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
    if (answer.errorCode === ErrorCode.NOT_CONTROLLER) return 'noController';
    if (answer.errorCode !== ErrorCode.NONE)
      return { refused: `the controller answered ${errorInfo(answer.errorCode).name}` };
    const left = answer.remainingPartitions.length;
    return left === 0
      ? 'done'
      : { refused: `${left} ${left === 1 ? 'partition has' : 'partitions have'} no other replica in sync` };
  } finally {
    client.close();
  }
}

/** Whether there is nobody who could take over. */
async function isAlone(
  { clock }: Runtime,
  zk: KafkaZooKeeper,
  options: ControlledShutdownOptions,
): Promise<boolean> {
  const brokers = await within(clock, options.retryBackoffMs, zk.readBrokers()).catch(() => []);
  return brokers.every((broker) => broker.id === options.brokerId);
}

/** ZooKeeper may be gone, and then its answers don't come: a broker that stops doesn't wait for that. */
function within<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => reject(new Error(`ZooKeeper did not answer within ${ms} ms`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}
