import type { Endpoint, Runtime, Timer } from '../../runtime/runtime.ts';
import { ZooKeeperClient } from '../../zookeeper/client/client.ts';
import { isZooKeeperError } from '../../zookeeper/client/errors.ts';
import { adminApis } from '../admin/admin-apis.ts';
import { AutoTopics } from '../admin/topics/auto-topics.ts';
import { MetadataWaits } from '../admin/metadata-waits.ts';
import { Controller } from '../controller/controller.ts';
import { KafkaZooKeeper } from '../controller/znodes/kafka-zookeeper.ts';
import { groupApis } from '../groups/group-apis.ts';
import { GroupCoordinator } from '../groups/group-coordinator.ts';
import { OFFSETS_TOPIC } from '../protocol/internal-topics.ts';
import { ZooKeeperOffsets } from '../groups/zookeeper-offsets.ts';
import { LogManager } from '../log/log-manager.ts';
import { initProducerIdApi } from '../producer-ids/init-producer-id-api.ts';
import { ProducerIds } from '../producer-ids/producer-ids.ts';
import { FetchSessionCache } from '../replication/fetches/fetch-session.ts';
import { Fetchers } from '../replication/following/fetchers.ts';
import { followerVersions } from '../replication/following/inter-broker-versions.ts';
import { IsrNotifier } from '../replication/isr/isr-notifier.ts';
import type { IsrChange } from '../replication/partition.ts';
import { ReplicaManager } from '../replication/replica-manager.ts';
import { registrationOf } from './advertised.ts';
import { controllerRequestApis } from './apis/controller-requests.ts';
import { fetchApi } from './apis/fetch-api.ts';
import { convertForClient } from './apis/fetch-converter.ts';
import { listOffsetsApi } from './apis/list-offsets-api.ts';
import { metadataApis } from './apis/metadata-api.ts';
import { produceApi } from './apis/produce-api.ts';
import { deleteRecordsApi, describeLogDirsApi, offsetForLeaderEpochApi } from './apis/replica-apis.ts';
import { clusterKnown } from './cluster-known.ts';
import { brokerConfig } from './config/broker-config.ts';
import type { BrokerConfig } from './config/broker-config.ts';
import { askForShutdown } from './controlled-shutdown.ts';
import { DynamicConfigs } from './dynamic-configs.ts';
import { MetadataCache } from './metadata-cache.ts';
import { RequestMetrics } from './request-metrics.ts';
import { RequestRouter } from './request-router.ts';
import { SocketServer } from './connections/socket-server.ts';
import { StartError } from './start-error.ts';
import { TopicIds } from './topic-ids.ts';

export interface Broker {
  readonly id: number;
  /** Where the listeners really listen, by name. */
  readonly listeners: ReadonlyMap<string, Endpoint>;
  readonly metrics: RequestMetrics;
  /** Resolves when clients are told of so many brokers and of all topics, or when that takes too long. */
  knowsCluster(brokers: number): Promise<void>;
  /** Resolves when the broker ended: because it was stopped, or with the reason why it couldn't go on. */
  readonly ended: Promise<Error | null>;
  /** Controlled shutdown: leaderships move away, then everything is closed so that the next start needs no recovery. */
  stop(): Promise<void>;
}

/** A client's session may be unused for so long before others of its kind may take its place. */
const SESSION_EVICTION_MS = 120_000;

/** Starts a broker. Rejects with a StartError, a LogFolderError or a ZooKeeperError when that can't be. */
export async function startBroker(runtime: Runtime, config: BrokerConfig): Promise<Broker> {
  const broker = new RunningBroker(runtime, config);
  try {
    await broker.start();
  } catch (error) {
    await broker.abandon();
    throw error;
  }
  return broker;
}

/** What exists only once a broker is up. */
interface Parts {
  readonly logs: LogManager;
  readonly replicas: ReplicaManager;
  readonly notifier: IsrNotifier;
  readonly controller: Controller;
  readonly groups: GroupCoordinator;
  readonly configs: DynamicConfigs;
}

class RunningBroker implements Broker {
  id: number;
  readonly metrics = new RequestMetrics();
  readonly ended: Promise<Error | null>;
  private readonly runtime: Runtime;
  private readonly config: BrokerConfig;
  private readonly sockets: SocketServer;
  private readonly zk: KafkaZooKeeper;
  private readonly metadata = new MetadataCache();
  private readonly metadataWaits: MetadataWaits;
  private parts: Parts | null = null;
  private brokerEpoch = -1n;
  private stopping: Promise<void> | null = null;
  private end: (reason: Error | null) => void = () => undefined;

  constructor(runtime: Runtime, config: BrokerConfig) {
    this.runtime = runtime;
    this.config = config;
    this.id = config.brokerId;
    this.metadataWaits = new MetadataWaits(runtime.clock, this.metadata);
    this.sockets = new SocketServer(runtime, config, this.metrics);
    const { servers, chroot } = config.zookeeperConnect;
    this.zk = new KafkaZooKeeper(runtime, {
      chroot,
      protectZnodes: config.settings.flag('zookeeper.set.acl'),
      open: (root) =>
        new ZooKeeperClient(runtime, {
          servers,
          chroot: root,
          sessionTimeoutMs: config.zookeeperSessionTimeoutMs,
        }),
    });
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  get listeners(): ReadonlyMap<string, Endpoint> {
    return this.sockets.endpoints;
  }

  async start(): Promise<void> {
    const { runtime, config, zk } = this;
    await this.sockets.bind();
    await this.connectToZooKeeper();
    await zk.createPersistentPaths();
    const clusterId = await zk.clusterId();
    const configs = new DynamicConfigs(runtime, zk, this.id, config.settings);
    await configs.start();
    const logs = await this.openLogs(configs);
    this.id = await this.chooseId(logs, clusterId);
    const notifier = new IsrNotifier(runtime, (partitions) => zk.notifyIsrChanges(partitions));
    const replicas = this.makeReplicas(logs, notifier);
    const controller = this.makeController(configs);
    const groups = this.makeGroups(replicas);
    this.parts = { logs, replicas, notifier, controller, groups, configs };
    configs.onChange({
      topicChanged: (topic) => {
        logs.updateTopicConfig(topic);
        if (configs.logConfig(topic).uncleanLeaderElectionEnable) controller.uncleanElectionAllowed(topic);
      },
      brokerChanged: (settings) => {
        if (settings.flag('unclean.leader.election.enable')) controller.uncleanElectionAllowed(null);
        for (const topic of new Set(logs.logs().map((log) => log.topicPartition.topic)))
          logs.updateTopicConfig(topic);
      },
    });
    logs.start();
    replicas.start();
    groups.start();
    await this.register();
    controller.start();
    // Only now: a broker that comes back while its old registration is still there knows of no topics, and would say so to clients.
    this.sockets.serve(this.makeRouter(clusterId, this.parts));
    const at = [...this.listeners].map(([name, { host, port }]) => `${name}://${host}:${port}`).join(', ');
    runtime.log.info(`broker ${this.id} of cluster ${clusterId} is ready and listens on ${at}`);
  }

  async knowsCluster(brokers: number): Promise<void> {
    const { runtime, zk, metadata, metadataWaits: waits } = this;
    await Promise.race([clusterKnown({ log: runtime.log, zk, metadata, waits }, brokers), this.ended]);
  }

  private async connectToZooKeeper(): Promise<void> {
    const { zookeeperConnect, zookeeperConnectionTimeoutMs } = this.config;
    const at = zookeeperConnect.servers.map(({ host, port }) => `${host}:${port}`).join(', ');
    const message = `no ZooKeeper server answered at ${at} within ${zookeeperConnectionTimeoutMs} ms; check zookeeper.connect and that ZooKeeper runs`;
    let giveUp: Timer | null = null;
    const tooLate = new Promise<never>((_, reject) => {
      giveUp = this.runtime.clock.after(zookeeperConnectionTimeoutMs, () =>
        reject(new StartError('ZOOKEEPER_UNREACHABLE', message)),
      );
    });
    try {
      await Promise.race([this.zk.start(), tooLate]);
    } finally {
      (giveUp as Timer | null)?.cancel();
    }
  }

  private openLogs(configs: DynamicConfigs): Promise<LogManager> {
    const { config } = this;
    return LogManager.open(this.runtime, {
      folders: config.logDirs,
      brokerId: config.brokerId,
      topicConfig: (topic) => configs.logConfig(topic),
      retentionCheckIntervalMs: config.logRetentionCheckIntervalMs,
      flushOffsetCheckpointIntervalMs: config.logFlushOffsetCheckpointIntervalMs,
      flushStartOffsetCheckpointIntervalMs: config.logFlushStartOffsetCheckpointIntervalMs,
      highWatermarkCheckpointIntervalMs: config.replicaHighWatermarkCheckpointIntervalMs,
      flushSchedulerIntervalMs: config.logFlushSchedulerIntervalMs,
      producerIdExpirationMs: config.transactionalIdExpirationMs,
      cleanerEnable: config.logCleanerEnable,
      cleanerBackoffMs: config.logCleanerBackoffMs,
      cleanerDedupeBufferBytes: config.logCleanerDedupeBufferSize,
      onFolderOffline: (folder, replicas) => {
        this.runtime.log.error(`log folder ${folder} failed: its ${replicas.length} replicas are offline`, {
          folder,
        });
        this.parts?.replicas.roles.folderFailed(replicas);
        if (this.parts?.logs.liveFolders.length === 0) void this.fail(new Error('all log folders failed'));
        else
          this.zk.notifyLogDirFailure(this.id).catch((error: unknown) => {
            this.runtime.log.error(
              `the controller could not be told of the failed log folder: ${String(error)}`,
            );
          });
      },
    });
  }

  /** From the configuration, or what the folder was given before, or a new one. */
  private async chooseId(logs: LogManager, clusterId: string): Promise<number> {
    const { config } = this;
    if (logs.storedClusterId !== null && logs.storedClusterId !== clusterId) {
      await logs.stop();
      throw new StartError(
        'WRONG_CLUSTER',
        `the log folders belong to cluster ${logs.storedClusterId}, but ZooKeeper says ${clusterId}; use other folders in log.dirs, or the ZooKeeper of that cluster in zookeeper.connect`,
      );
    }
    const id =
      config.brokerId >= 0
        ? config.brokerId
        : logs.storedBrokerId >= 0
          ? logs.storedBrokerId
          : await this.zk.generateBrokerId(config.reservedBrokerMaxId);
    logs.writeMetaProperties(id, clusterId);
    return id;
  }

  private makeReplicas(logs: LogManager, notifier: IsrNotifier): ReplicaManager {
    const { runtime, config, metadata } = this;
    const fetchers = new Fetchers(runtime, {
      ...config,
      brokerId: this.id,
      versions: followerVersions(config.interBrokerProtocolVersion),
      endpoint: (broker) => metadata.endpoint(broker, config.interBrokerListenerName),
    });
    return new ReplicaManager(runtime, {
      brokerId: this.id,
      replicaLagTimeMaxMs: config.replicaLagTimeMaxMs,
      logs,
      metadata,
      fetchers,
      writeIsr: (change) => this.writeIsr(change, notifier),
    });
  }

  private async writeIsr(
    { topic, partition, zkVersion, ...state }: IsrChange,
    notifier: IsrNotifier,
  ): Promise<number | null> {
    const update = await this.zk.updateIsr(topic, partition, state, zkVersion);
    if (update.outcome === 'conflict') {
      this.runtime.log.warn(
        `${topic}-${partition}: the ISR stays, as somebody else changed the partition's state`,
        { topic, partition },
      );
      return null;
    }
    notifier.changed(topic, partition);
    return update.version;
  }

  private makeController(configs: DynamicConfigs): Controller {
    const { config } = this;
    return new Controller(this.runtime, this.zk, {
      brokerId: this.id,
      registration: () => this.registration(),
      onBrokerEpoch: (epoch) => {
        this.brokerEpoch = epoch;
      },
      onIdTaken: (error) => void this.fail(error),
      interBrokerProtocolVersion: config.interBrokerProtocolVersion,
      interBrokerListener: config.interBrokerListenerName,
      requestTimeoutMs: config.controllerSocketTimeoutMs,
      settings: {
        deleteTopicEnable: config.deleteTopicEnable,
        uncleanLeaderElectionEnable: () => configs.settings.flag('unclean.leader.election.enable'),
        leaderImbalancePerBrokerPercentage: config.leaderImbalancePerBrokerPercentage,
      },
      rebalanceIntervalMs: config.autoLeaderRebalanceEnable
        ? config.leaderImbalanceCheckIntervalSeconds * 1000
        : null,
    });
  }

  private makeGroups(replicas: ReplicaManager): GroupCoordinator {
    const { runtime, config, metadata } = this;
    const groups = new GroupCoordinator(runtime, {
      config,
      replicas,
      offsetsTopicPartitions: () => metadata.partitions(OFFSETS_TOPIC)?.size,
      partitionExists: (topic, partition) => metadata.partition(topic, partition) !== undefined,
    });
    metadata.onDeletion((topic, partitions) => groups.partitionsDeleted(topic, partitions));
    return groups;
  }

  private makeRouter(
    clusterId: string,
    { logs, replicas, controller, groups, configs }: Parts,
  ): RequestRouter {
    const { runtime, config, metadata, zk } = this;
    const topicIds = new TopicIds(runtime.digests, clusterId, metadata);
    const admin = {
      runtime,
      brokerId: this.id,
      zk,
      controller,
      metadata,
      topicIds,
      waits: this.metadataWaits,
      config: () => brokerConfig(configs.settings),
    };
    const autoTopics = new AutoTopics(admin);
    const sessions = new FetchSessionCache({
      slots: config.maxIncrementalFetchSessionCacheSlots,
      evictionMs: SESSION_EVICTION_MS,
      random: (limit) => runtime.random.below(limit),
    });
    return new RequestRouter(
      [
        produceApi(replicas, topicIds),
        fetchApi({ replicas, sessions, topicIds, convert: convertForClient(runtime), clock: runtime.clock }),
        listOffsetsApi(replicas),
        ...metadataApis({
          metadata,
          clusterId,
          topicIds,
          autoCreateTopicsEnable: config.autoCreateTopicsEnable,
          autoCreate: (topic) => autoTopics.create(topic),
        }),
        ...adminApis(admin),
        ...controllerRequestApis({
          clock: runtime.clock,
          replicas,
          metadata,
          brokerEpoch: () => this.brokerEpoch,
          readTopicConfig: (topic) => configs.readTopic(topic),
        }),
        offsetForLeaderEpochApi(replicas),
        deleteRecordsApi(replicas, metadata, runtime.clock),
        describeLogDirsApi(logs, runtime.files),
        ...groupApis({
          coordinator: groups,
          metadata,
          createOffsetsTopic: () => void autoTopics.create(OFFSETS_TOPIC),
          zooKeeperOffsets: new ZooKeeperOffsets(zk.connection),
          topicIds,
        }),
        initProducerIdApi(new ProducerIds(() => zk.allocateProducerIds(this.id))),
      ],
      runtime.log,
    );
  }

  private registration(): ReturnType<typeof registrationOf> {
    const { runtime, config } = this;
    return registrationOf(config, this.id, this.listeners, runtime.network.hostName, runtime.clock.wallMs());
  }

  private async register(): Promise<void> {
    try {
      this.brokerEpoch = await this.zk.registerBroker(
        this.registration(),
        this.config.zookeeperSessionTimeoutMs * 2,
      );
    } catch (error) {
      if (!isZooKeeperError(error, 'NodeExists')) throw error;
      throw new StartError(
        'BROKER_ID_TAKEN',
        `another broker runs with broker.id ${this.id}; give this one an id of its own in broker.id`,
      );
    }
  }

  private async fail(reason: Error): Promise<void> {
    this.runtime.log.error(`the broker can't go on: ${reason.message}`);
    await this.close(false).catch((error: unknown) => {
      this.runtime.log.error(`closing what is left failed: ${String(error)}`);
    });
    this.end(reason);
  }

  async stop(): Promise<void> {
    await this.close(this.config.controlledShutdownEnable);
    this.end(null);
  }

  /** A start that failed leaves nothing behind. */
  async abandon(): Promise<void> {
    await this.close(false).catch(() => undefined); // the failure of the start is what counts
  }

  private close(controlled: boolean): Promise<void> {
    this.stopping ??= this.closeOnce(controlled);
    return this.stopping;
  }

  private async closeOnce(controlled: boolean): Promise<void> {
    const { runtime, config, zk, parts } = this;
    if (controlled && parts !== null)
      await askForShutdown(runtime, zk, {
        brokerId: this.id,
        brokerEpoch: this.brokerEpoch,
        interBrokerListenerName: config.interBrokerListenerName,
        maxRetries: config.controlledShutdownMaxRetries,
        retryBackoffMs: config.controlledShutdownRetryBackoffMs,
        socketTimeoutMs: config.controllerSocketTimeoutMs,
      });
    await this.sockets.stopListening();
    parts?.controller.stop();
    parts?.configs.stop();
    parts?.groups.stop();
    parts?.notifier.stop();
    parts?.replicas.stop();
    await this.sockets.close();
    await parts?.logs.stop();
    await zk.close();
  }
}
