import type { Log, Runtime, Timer } from '../../runtime/runtime.ts';
import { isZooKeeperError } from '../../zookeeper/client/errors.ts';
import { ErrorCode, KafkaError } from '../protocol/errors.ts';
import { BrokerChannel, type ChannelOptions } from './requests/broker-channel.ts';
import { controlVersions, endpointOf } from './requests/control-encoding.ts';
import type { ControlMessage } from './requests/control-requests.ts';
import type { ControllerEvent, ElectionResult, ShutdownAnswer } from './decisions/controller-events.ts';
import { ControllerMachine } from './decisions/controller-machine.ts';
import type { ControllerSettings } from './decisions/deciding.ts';
import { partitionKey, type TopicPartition } from './topic-partition.ts';
import { perform, type Work } from './decisions/work.ts';
import type { BrokerRegistration, LiveBroker } from './znodes/broker-registration.ts';
import { ControllerMovedError, ControllerZooKeeper } from './znodes/controller-zookeeper.ts';
import type { ControllerTerm, KafkaZooKeeper } from './znodes/kafka-zookeeper.ts';
import { paths } from './znodes/paths.ts';

/** The first look for imbalance after an election; Apache's. */
const FIRST_REBALANCE_MS = 5_000;
/** After an unexpected failure, before trying to be elected again. */
const REELECTION_PAUSE_MS = 1_000;

export interface ControllerOptions {
  readonly brokerId: number;
  /** Written again when a session expired and a new one began. */
  registration(): BrokerRegistration;
  /** The broker got another epoch, with a new session. */
  onBrokerEpoch(epoch: bigint): void;
  /** Another broker took this one's id while its session was lost: it must stop. */
  onIdTaken(error: Error): void;
  /** Full name, such as `2.3-IV1`. */
  readonly interBrokerProtocolVersion: string;
  readonly interBrokerListener: string;
  readonly requestTimeoutMs: number;
  readonly settings: ControllerSettings;
  /** Null: leaders aren't moved back by themselves. */
  readonly rebalanceIntervalMs: number | null;
}

/** One won election: all that ends with it. */
interface Term {
  readonly term: ControllerTerm;
  readonly machine: ControllerMachine;
  readonly zk: ControllerZooKeeper;
  readonly channels: Map<number, BrokerChannel>;
  readonly out: ControlMessage[];
  timer: Timer | null;
}

/**
 * The shell of the controller: stands for election on every broker, and while elected brings events to the machine one at a time,
 * makes its calls to ZooKeeper and sends its requests. It gives up its term when another broker has it, when the session expires, and
 * when something fails that it doesn't understand: a new term begins with reading everything.
 */
export class Controller {
  private readonly runtime: Runtime;
  private readonly log: Log;
  private readonly zk: KafkaZooKeeper;
  private readonly options: ControllerOptions;
  private readonly queue: { key: string; run: () => Promise<void> }[] = [];
  private readonly waitingKeys = new Set<string>();
  private term: Term | null = null;
  private working = false;
  private stopped = false;

  constructor(runtime: Runtime, zk: KafkaZooKeeper, options: ControllerOptions) {
    this.runtime = runtime;
    this.log = runtime.log.with({ part: 'controller' });
    this.zk = zk;
    this.options = options;
  }

  /** The broker must be registered. From now on it may be elected at any time. */
  start(): void {
    const { connection } = this.zk;
    connection.watchData(paths.controller, () => this.enqueue('election', () => this.standForElection()));
    connection.onExpired(() => this.endTerm());
    connection.onNewSession(() => this.enqueue('session', () => this.registerAgain()));
    this.enqueue('election', () => this.standForElection());
  }

  /** Decides nothing any more. The office ends with the ZooKeeper session. */
  stop(): void {
    this.stopped = true;
    this.endTerm();
  }

  get isActive(): boolean {
    return this.term !== null;
  }

  /** Of the current term; null when another broker is the controller. */
  get epoch(): number | null {
    return this.term?.term.epoch ?? null;
  }

  /** Rejects with NOT_CONTROLLER. */
  controlledShutdown(broker: number, epoch: bigint | null): Promise<ShutdownAnswer> {
    return this.ask((machine) => machine.controlledShutdown(broker, epoch));
  }

  /** Null: all partitions that need it. Rejects with NOT_CONTROLLER. */
  electLeaders(partitions: readonly TopicPartition[] | null, unclean: boolean): Promise<ElectionResult[]> {
    return this.ask((machine) => machine.electLeaders(partitions, unclean));
  }

  /** A topic's config, or with null the broker's, now allows unclean elections. Nothing when this isn't the controller. */
  uncleanElectionAllowed(topic: string | null): void {
    this.happened({ kind: 'uncleanElectionAllowed', topic });
  }

  private ask<T>(decide: (machine: ControllerMachine) => Work<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.enqueue('', async () => {
        const { term } = this;
        if (term === null) {
          reject(new KafkaError(ErrorCode.NOT_CONTROLLER, 'this broker is not the controller'));
          return;
        }
        try {
          resolve(await this.decide(term, decide(term.machine)));
        } catch (error) {
          reject(new KafkaError(ErrorCode.NOT_CONTROLLER, 'this broker stopped being the controller'));
          throw error;
        }
      });
    });
  }

  /** Events of the same kind that wait already are one: what happened is read when it is handled. */
  private happened(event: ControllerEvent, key: string = event.kind): void {
    if (this.term === null) return;
    this.enqueue(key, async () => {
      const { term } = this;
      if (term !== null) await this.decide(term, term.machine.handle(event));
    });
  }

  /** `key` '': never joined with another. */
  private enqueue(key: string, run: () => Promise<void>): void {
    if (this.stopped || (key !== '' && this.waitingKeys.has(key))) return;
    if (key !== '') this.waitingKeys.add(key);
    this.queue.push({ key, run });
    if (!this.working) void this.work();
  }

  private async work(): Promise<void> {
    this.working = true;
    for (;;) {
      const task = this.queue.shift();
      if (task === undefined) break;
      this.waitingKeys.delete(task.key);
      const before = this.term;
      try {
        await task.run();
      } catch (error) {
        await this.failed(before ?? this.term, error);
      }
    }
    this.working = false;
  }

  private async failed(during: Term | null, error: unknown): Promise<void> {
    if (this.stopped) return;
    const isOver =
      during !== this.term ||
      isZooKeeperError(error, 'SessionExpired') ||
      isZooKeeperError(error, 'ConnectionLoss'); // only told when the session is another one meanwhile
    if (error instanceof ControllerMovedError || isOver) {
      if (during === this.term) this.endTerm();
      this.enqueue('election', () => this.standForElection());
      return;
    }
    this.log.error('The controller failed and gives up its office.', {
      cause: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
    if (during !== null) {
      this.endTerm();
      await during.zk.resign().catch(() => undefined); // then the session is gone, or the office is another's
    }
    this.runtime.clock.after(REELECTION_PAUSE_MS, () =>
      this.enqueue('election', () => this.standForElection()),
    );
  }

  private async registerAgain(): Promise<void> {
    try {
      this.options.onBrokerEpoch(await this.zk.registerBroker(this.options.registration()));
    } catch (error) {
      if (!isZooKeeperError(error, 'NodeExists') || !(error instanceof Error)) throw error;
      this.options.onIdTaken(error);
      return;
    }
    await this.standForElection();
  }

  private async standForElection(): Promise<void> {
    const current = await this.zk.readController();
    if (this.stopped) return;
    if (this.term !== null) {
      if (current === this.options.brokerId) return;
      this.endTerm();
    }
    if (current !== null) return;
    const won = await this.zk.electController(this.options.brokerId);
    if (won === null) {
      this.enqueue('election', () => this.standForElection()); // to watch whoever won
      return;
    }
    await this.beginTerm(won);
  }

  private async beginTerm(won: ControllerTerm): Promise<void> {
    this.log.info(`This broker is the controller now, in epoch ${won.epoch}.`);
    const out: ControlMessage[] = [];
    const term: Term = {
      term: won,
      machine: new ControllerMachine(won.epoch, this.options.settings, this.log, out),
      zk: new ControllerZooKeeper(this.zk, won, {
        changed: (kind) => this.happened({ kind }),
        topicChanged: (topic) => this.happened({ kind: 'topicChanged', topic }, `topic ${topic}`),
        stateChanged: (topic, partition) =>
          this.happened(
            { kind: 'stateChanged', topic, partition },
            `state ${partitionKey(topic, partition)}`,
          ),
      }),
      channels: new Map(),
      out,
      timer: null,
    };
    this.term = term;
    await this.decide(term, term.machine.handle({ kind: 'elected' }));
    if (this.options.rebalanceIntervalMs !== null) this.rebalanceAfter(term, FIRST_REBALANCE_MS);
  }

  private endTerm(): void {
    const { term } = this;
    if (term === null) return;
    this.term = null;
    this.log.info('This broker is no longer the controller.');
    term.timer?.cancel();
    term.zk.close();
    for (const channel of term.channels.values()) channel.close();
    term.channels.clear();
  }

  private rebalanceAfter(term: Term, delayMs: number): void {
    if (this.term !== term) return;
    term.timer = this.runtime.clock.after(delayMs, () => {
      this.happened({ kind: 'rebalanceDue' });
      this.rebalanceAfter(term, this.options.rebalanceIntervalMs ?? delayMs);
    });
  }

  private decide<T>(term: Term, work: Work<T>): Promise<T> {
    return perform(work, term.zk, () => {
      if (this.term !== term) throw new ControllerMovedError();
      this.sendOut(term);
    });
  }

  private sendOut(term: Term): void {
    const { brokers } = term.machine.cluster;
    for (const [id, channel] of term.channels) {
      const broker = brokers.get(id);
      if (broker !== channel.broker) this.replaceChannel(term, channel, broker);
    }
    for (const { to, request } of term.out.splice(0)) {
      const broker = brokers.get(to);
      if (broker === undefined) continue;
      let channel = term.channels.get(to);
      if (channel === undefined) term.channels.set(to, (channel = this.openChannel(term, broker)));
      channel.send(request);
    }
  }

  /** The broker is gone, or lives another life, or only has another address: then it still gets what was meant for it. */
  private replaceChannel(term: Term, channel: BrokerChannel, broker: LiveBroker | undefined): void {
    if (broker !== undefined && broker.epoch === channel.broker.epoch) {
      const { interBrokerListener } = this.options;
      const [before, now] = [channel.broker, broker].map((b) => endpointOf(b, interBrokerListener));
      if (before?.host === now?.host && before?.port === now?.port) return;
    }
    const unsent = channel.close();
    term.channels.delete(channel.broker.id);
    if (broker === undefined || broker.epoch !== channel.broker.epoch) return;
    const next = this.openChannel(term, broker);
    term.channels.set(broker.id, next);
    for (const request of unsent) next.send(request);
  }

  private openChannel(term: Term, broker: LiveBroker): BrokerChannel {
    const options: ChannelOptions = {
      controllerId: this.options.brokerId,
      controllerEpoch: term.term.epoch,
      listener: this.options.interBrokerListener,
      versions: controlVersions(this.options.interBrokerProtocolVersion),
      requestTimeoutMs: this.options.requestTimeoutMs,
    };
    return new BrokerChannel(this.runtime, broker, options, {
      replicasAnswered: (id, online, failed) => {
        const matters = failed.length > 0 || term.machine.cluster.hasFailedReplicas(id);
        if (matters) this.happened({ kind: 'replicasAnswered', broker: id, online, failed }, '');
      },
      replicasDeleted: (id, deleted, failed) =>
        this.happened({ kind: 'replicasDeleted', broker: id, deleted, failed }, ''),
    });
  }
}
