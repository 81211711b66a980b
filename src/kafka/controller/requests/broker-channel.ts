import type { Runtime } from '../../../runtime/runtime.ts';
import { BrokerClient } from '../../client/broker-client.ts';
import { ErrorCode } from '../../protocol/errors.ts';
import {
  endpointOf,
  leaderAndIsrMessage,
  stopReplicaMessage,
  updateMetadataMessage,
  type Sender,
} from './control-encoding.ts';
import type { ControlRequest } from './control-requests.ts';
import type { TopicPartition } from '../topic-partition.ts';
import type { LiveBroker } from '../znodes/broker-registration.ts';

/** Apache's pause between two tries. */
const RETRY_PAUSE_MS = 100;

/** What a broker answered for replicas. Nothing is told of answers that need no decision. */
export interface ChannelListener {
  replicasAnswered(
    broker: number,
    online: readonly TopicPartition[],
    failed: readonly TopicPartition[],
  ): void;
  replicasDeleted(
    broker: number,
    deleted: readonly TopicPartition[],
    failed: readonly TopicPartition[],
  ): void;
}

export interface ChannelOptions extends Omit<Sender, 'brokerEpoch'> {
  readonly requestTimeoutMs: number;
}

/**
 * The way to one life of one broker: requests in the order in which they were decided, one at a time, each again and again until it
 * is answered or the broker is gone. It ends with the broker's registration, which bounds the queue.
 */
export class BrokerChannel {
  readonly broker: LiveBroker;
  private readonly runtime: Runtime;
  private readonly options: ChannelOptions;
  private readonly listener: ChannelListener;
  private readonly queue: ControlRequest[] = [];
  private readonly client: BrokerClient | null;
  private sending = false;
  private closed = false;

  constructor(runtime: Runtime, broker: LiveBroker, options: ChannelOptions, listener: ChannelListener) {
    this.runtime = runtime;
    this.broker = broker;
    this.options = options;
    this.listener = listener;
    const endpoint = endpointOf(broker, options.listener);
    this.client =
      endpoint === undefined
        ? null
        : new BrokerClient(runtime, {
            endpoint: { host: endpoint.host, port: endpoint.port },
            clientId: String(options.controllerId),
            requestTimeoutMs: options.requestTimeoutMs,
          });
    if (endpoint === undefined) {
      runtime.log.error(
        `Broker ${broker.id} can't be told what to do, so it leads and follows nothing: it has no listener ${options.listener}, by which this controller talks to brokers. Give all brokers the same inter.broker.listener.name.`,
      );
    }
  }

  send(request: ControlRequest): void {
    if (this.client === null || this.closed) return;
    this.queue.push(request);
    if (!this.sending) void this.work(this.client);
  }

  /** What wasn't sent yet, for a channel to the same broker at another address. */
  close(): readonly ControlRequest[] {
    this.closed = true;
    this.client?.close();
    return this.queue.splice(0);
  }

  private async work(client: BrokerClient): Promise<void> {
    this.sending = true;
    for (let failed = false; !this.closed;) {
      const [request] = this.queue;
      if (request === undefined) break;
      try {
        await this.tell(client, request);
        this.queue.shift();
        failed = false;
      } catch (error) {
        if (this.closed) return;
        if (!failed) {
          const cause = error instanceof Error ? error.message : String(error);
          this.runtime.log.warn(
            `Broker ${this.broker.id} doesn't answer its controller, which goes on trying until ZooKeeper says that it is gone.`,
            { cause },
          );
        }
        failed = true;
        await new Promise<void>((resolve) => {
          this.runtime.clock.after(RETRY_PAUSE_MS, resolve);
        });
      }
    }
    this.sending = false;
  }

  private async tell(client: BrokerClient, request: ControlRequest): Promise<void> {
    const sender: Sender = { ...this.options, brokerEpoch: this.broker.epoch };
    switch (request.kind) {
      case 'leaderAndIsr': {
        const { api, version, body } = leaderAndIsrMessage(sender, request);
        const response = await client.send(api, version, body);
        this.note('LeaderAndIsr', response.errorCode);
        if (response.errorCode !== ErrorCode.NONE) return;
        const failed = response.partitionErrors.filter((p) => p.errorCode === ErrorCode.KAFKA_STORAGE_ERROR);
        const online = response.partitionErrors.filter((p) => p.errorCode === ErrorCode.NONE);
        this.listener.replicasAnswered(this.broker.id, online.map(placeOf), failed.map(placeOf));
        return;
      }
      case 'updateMetadata': {
        const { api, version, body } = updateMetadataMessage(sender, request);
        this.note('UpdateMetadata', (await client.send(api, version, body)).errorCode);
        return;
      }
      case 'stopReplica': {
        const { api, version, body } = stopReplicaMessage(sender, request);
        const response = await client.send(api, version, body);
        this.note('StopReplica', response.errorCode);
        if (!request.deletePartitions) return;
        const all = request.partitions.map(({ topic, partition }) => ({ topic, partition }));
        if (response.errorCode !== ErrorCode.NONE) {
          this.listener.replicasDeleted(this.broker.id, [], all);
          return;
        }
        const deleted = response.partitionErrors.filter((p) => p.errorCode === ErrorCode.NONE);
        const failed = response.partitionErrors.filter((p) => p.errorCode !== ErrorCode.NONE);
        this.listener.replicasDeleted(this.broker.id, deleted.map(placeOf), failed.map(placeOf));
      }
    }
  }

  private note(what: string, errorCode: number): void {
    if (errorCode === ErrorCode.NONE) return;
    this.runtime.log.warn(`Broker ${this.broker.id} refused ${what}.`, { errorCode });
  }
}

function placeOf(answer: { topicName: string; partitionIndex: number }): TopicPartition {
  return { topic: answer.topicName, partition: answer.partitionIndex };
}
