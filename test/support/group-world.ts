import { Reader } from '../../src/wire/reader.ts';
import { Writer } from '../../src/wire/writer.ts';
import { createNodeCodecs } from '../../src/runtime/node/codecs.ts';
import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import { SimulatedWorld } from '../../src/runtime/simulated/simulated-world.ts';
import type { RequestContext, ServedApi } from '../../src/kafka/broker/served-api.ts';
import { groupApis } from '../../src/kafka/groups/group-apis.ts';
import { GroupCoordinator } from '../../src/kafka/groups/group-coordinator.ts';
import type { GroupConfig } from '../../src/kafka/groups/group-partitions.ts';
import { OFFSETS_TOPIC } from '../../src/kafka/protocol/internal-topics.ts';
import { ZooKeeperOffsets } from '../../src/kafka/groups/zookeeper-offsets.ts';
import type { Api, RequestDraft, ResponseOf } from '../../src/kafka/protocol/api.ts';
import { MemoryReplicas } from './memory-replicas.ts';

const PARTITIONS = 3;

const groupConfig: GroupConfig = {
  interBrokerProtocolVersion: '2.3-IV1',
  groupMinSessionTimeoutMs: 6000,
  groupMaxSessionTimeoutMs: 1_800_000,
  groupInitialRebalanceDelayMs: 0,
  groupMaxSize: 0x7fff_ffff,
  offsetMetadataMaxBytes: 4096,
  offsetsTopicNumPartitions: PARTITIONS,
  offsetsTopicCompressionCodec: 0,
  offsetsRetentionMinutes: 10_080,
  offsetsRetentionCheckIntervalMs: 600_000,
  offsetsCommitTimeoutMs: 5000,
};

/** A coordinator of groups in virtual time, with a log in memory, asked through its APIs with encoded requests. */
export class GroupWorld {
  readonly world = new SimulatedWorld({
    seed: 1,
    digests: createNodeDigests(),
    codecs: createNodeCodecs(),
    afterPromises: (run) => void setImmediate(run),
  });
  readonly runtime = this.world.host('broker').runtime;
  readonly replicas = new MemoryReplicas();
  readonly coordinator: GroupCoordinator;
  readonly znodes = new Map<string, Buffer | null>();
  topicsCreated = 0;
  offsetsTopicExists = true;
  readonly apis: Map<number, ServedApi>;

  constructor(config: Partial<GroupConfig> = {}) {
    const partitionExists = (topic: string, partition: number) =>
      partition < PARTITIONS && (topic !== OFFSETS_TOPIC || this.offsetsTopicExists) && topic !== 'nowhere';
    this.coordinator = new GroupCoordinator(this.runtime, {
      config: { ...groupConfig, ...config },
      replicas: this.replicas,
      offsetsTopicPartitions: () => (this.offsetsTopicExists ? PARTITIONS : undefined),
      partitionExists,
    });
    const state = {
      controllerEpoch: 1,
      leader: 7,
      leaderEpoch: 0,
      isr: [7],
      zkVersion: 0,
      replicas: [7],
      offlineReplicas: [],
    };
    const served = groupApis({
      coordinator: this.coordinator,
      metadata: {
        hasTopic: () => this.offsetsTopicExists,
        partition: (topic, partition) => (partitionExists(topic, partition) ? state : undefined),
        leaderEndpoint: (_topic, _partition, listener) =>
          listener === 'PLAINTEXT'
            ? { host: 'broker', port: 9092, listener, securityProtocol: 0 }
            : undefined,
      },
      createOffsetsTopic: () => {
        this.topicsCreated += 1;
      },
      topicIds: {
        idOf: (name) => Buffer.concat([Buffer.from(name), Buffer.alloc(16)], 16).toString('base64url'),
        nameOf: (id) => Buffer.from(id, 'base64url').toString().replace(/\0+$/, '') || undefined,
      },
      zooKeeperOffsets: new ZooKeeperOffsets({
        read: async (path) => {
          const data = this.znodes.get(path);
          return data === undefined ? null : { data, stat: {} as never };
        },
        createWithParents: async (path, data = null) => {
          if (this.znodes.has(path)) return false;
          this.znodes.set(path, data);
          return true;
        },
        setData: async (path, data) => {
          this.znodes.set(path, data);
          return {} as never;
        },
      }),
    });
    this.apis = new Map(served.map((api) => [api.api.key, api]));
    this.coordinator.start();
  }

  /** Becomes leader of all partitions, with what their logs hold. */
  async lead(epoch = 0): Promise<void> {
    for (let partition = 0; partition < PARTITIONS; partition++)
      this.replicas.lead(OFFSETS_TOPIC, partition, epoch);
    await this.pass(1);
  }

  lose(epoch: number): void {
    for (let partition = 0; partition < PARTITIONS; partition++)
      this.replicas.lose(OFFSETS_TOPIC, partition, epoch);
  }

  pass(ms: number): Promise<boolean> {
    return this.world.run(this.world.nowMs + ms);
  }

  /** Sends a request through the wire format of a version. The answer may need time to pass. */
  send<A extends Api>(
    api: A,
    version: number,
    body: RequestDraft<A>,
    listener = 'PLAINTEXT',
  ): Promise<ResponseOf<A>> {
    const writer = new Writer();
    api.request.encode(writer, version, body);
    const request = api.request.decode(new Reader(writer.finish()), version);
    const context: RequestContext = {
      apiVersion: version,
      clientId: 'client',
      clientAddress: '10.0.0.1',
      listener,
      principal: 'User:ANONYMOUS',
      connectionId: '1',
      release: () => undefined,
      onSent: () => undefined,
      onClosed: () => undefined,
    };
    const answer = this.apis.get(api.key)!.handle(request, context);
    return Promise.resolve(answer).then((draft) => {
      const response = new Writer();
      api.response.encode(response, version, draft as never);
      return api.response.decode(new Reader(response.finish()), version) as ResponseOf<A>;
    });
  }

  /** The same, with as much time as it takes. */
  async ask<A extends Api>(
    api: A,
    version: number,
    body: RequestDraft<A>,
    listener?: string,
  ): Promise<ResponseOf<A>> {
    const answer = this.send(api, version, body, listener);
    let isThere = false;
    void answer.then(
      () => (isThere = true),
      () => (isThere = true),
    );
    await this.world.run(() => isThere, 60_000);
    return answer;
  }
}
