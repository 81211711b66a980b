import type { Clock, Codecs, Digests, Log, LogFields, Runtime } from '../runtime.ts';
import { silentLog } from '../silent-log.ts';
import { noGssapi } from '../gssapi.ts';
import { noTls } from '../tls.ts';
import { Fabric, type FabricNode, type NodeOptions } from '../virtual/fabric.ts';
import { mortalClock } from '../virtual/life.ts';
import type { Link } from '../virtual/link.ts';
import { mappedFiles } from '../virtual/mapped-files.ts';
import { EventQueue } from './event-queue.ts';
import { HostClock } from './host-clock.ts';
import { SeededRandom } from './seeded-random.ts';
import { TraceSum } from './trace-sum.ts';
import { SimulatedDisk, UNLIMITED_BYTES, type DiskOptions } from './simulated-disk.ts';

export interface WorldOptions {
  /** All that is random follows from it. */
  readonly seed: number;
  /** Synchronous ones, such as node's. */
  readonly digests: Digests;
  readonly codecs: Codecs;
  /** Calls `run` after all promises that can settle have settled: `setImmediate`, or node's `afterPromises`, which costs less. */
  readonly afterPromises: (run: () => void) => void;
  readonly log?: Log;
  readonly startWallMs?: number;
  /** How long bytes take between two hosts, ms: from, to. Default: 0.05 to 1. */
  readonly networkMs?: readonly [number, number];
  /** How often (0 to 1) bytes are lost and sent again, which takes 200 to 600 ms. Default: 0. */
  readonly lossRate?: number;
  readonly disk?: Partial<DiskOptions>;
}

/** More than that is a loop. */
const EVENTS_AT_ONE_TIME_MAX = 1_000_000;

const DEFAULT_DISK: DiskOptions = { syncMs: [0.1, 3], capacityBytes: UNLIMITED_BYTES, tearWrites: true };

/**
 * A world in one thread with a time of its own: hosts, their disks, the network between them. Nothing in it depends on the real
 * clock or on chance, so a seed tells the same story each time, to the byte (`traceHash`).
 */
export class SimulatedWorld {
  readonly random: SeededRandom;
  private readonly options: WorldOptions;
  private readonly fabric: Fabric;
  private readonly queue = new EventQueue();
  private readonly hosts = new Map<string, SimulatedHost>();
  private readonly networkRandom: SeededRandom;
  private readonly clock: Clock;
  private now = 0;
  /** Events that happened at this very time. */
  private eventsNow = 0;
  private readonly sum = new TraceSum();
  /** Sees each line of the trace. */
  onTrace: ((line: string) => void) | null = null;
  /** As in the options; from here on another, if it is set. */
  lossRate: number;
  /** Called after each event and what followed from it: the place to look whether what must always hold does. */
  afterEvent: (() => void) | null = null;

  constructor(options: WorldOptions) {
    this.options = options;
    this.lossRate = options.lossRate ?? 0;
    this.random = new SeededRandom(options.seed);
    this.networkRandom = this.random.fork('network');
    const startWallMs = options.startWallMs ?? 1_700_000_000_000;
    const after = (delayMs: number, run: () => void) => {
      const event = this.queue.add(this.now + Math.max(0, delayMs), run);
      return {
        cancel: () => {
          event.run = null;
        },
      };
    };
    this.clock = {
      wallMs: () => startWallMs + Math.floor(this.now),
      monotonicMs: () => this.now,
      after,
      soon: (run) => void after(0, run),
    };
    this.fabric = new Fabric({
      clock: this.clock,
      outside: null,
      downHosts: 'refusing',
      prepareLink: (link, from, to) => this.prepareLink(link, from, to),
    });
  }

  /** ms since the beginning. */
  get nowMs(): number {
    return this.now;
  }

  /** A new machine, with a process that lives. */
  host(name: string, options: NodeOptions & { disk?: Partial<DiskOptions> } = {}): SimulatedHost {
    const node = this.fabric.addNode(name, options);
    const diskOptions = { ...DEFAULT_DISK, ...this.options.disk, ...options.disk };
    const clock = new HostClock(this.clock);
    const disk = new SimulatedDisk(clock, this.random.fork(`disk of ${name}`), diskOptions);
    const trace = (what: string): void => this.trace(`${name} ${what}`);
    const host = new SimulatedHost(node, disk, clock, trace, () => this.makeRuntime(node, disk, clock));
    this.hosts.set(name, host);
    return host;
  }

  /** The way from one host to another, in their first network or in the one named. The way back is another one. */
  link(from: string, to: string, network: string | null = null): Link {
    return this.fabric.link(from, to, network);
  }

  /** Cuts all ways between the two groups. */
  separate(some: readonly string[], others: readonly string[]): void {
    for (const [a, b] of pairs(some, others)) {
      this.link(a, b).cut();
      this.link(b, a).cut();
    }
  }

  /** Heals all ways. */
  heal(): void {
    const names = [...this.hosts.keys()];
    for (const [a, b] of pairs(names, names)) this.link(a, b).heal();
  }

  /** Calls `run` after `delayMs` of virtual time, whatever becomes of the hosts: for a scenario's own plans. */
  after(delayMs: number, run: () => void): void {
    this.clock.after(delayMs, run);
  }

  /**
   * Lets events happen, all promises settling between one and the next.
   * @param until a time in ms since the beginning, or a condition
   * @returns whether it was met; false when nothing is left that could happen, or `limitMs` of virtual time passed.
   */
  run(until: number | (() => boolean), limitMs = Infinity): Promise<boolean> {
    const end = typeof until === 'number' ? until : this.now + limitMs;
    const met = typeof until === 'number' ? () => false : until;
    const { afterPromises } = this.options;
    return new Promise((resolve, reject) => {
      const step = (): void => {
        try {
          if (met()) resolve(true);
          else if (this.happenNext(end)) afterPromises(settled);
          else resolve(typeof until === 'number');
        } catch (error) {
          reject(error as Error);
        }
      };
      const settled = (): void => {
        try {
          this.afterEvent?.();
        } catch (error) {
          reject(error as Error);
          return;
        }
        step();
      };
      afterPromises(step);
    });
  }

  /** Runs a story that awaits things of this world, to its end. */
  async play<T>(story: () => Promise<T>): Promise<T> {
    let over = false;
    const told = story().finally(() => (over = true));
    told.catch(() => undefined);
    if (!(await this.run(() => over))) throw new Error('nothing is left to happen, but the story waits');
    return told;
  }

  /** A line of the world's history. Scenarios may add their own. */
  trace(what: string): void {
    this.sum.add(this.now, what);
    this.onTrace?.(`${this.now} ${what}`);
  }

  /** Stands for all that happened: every byte sent, every line logged, every kill. */
  get traceHash(): string {
    return this.sum.toString();
  }

  private makeRuntime(node: FabricNode, disk: SimulatedDisk, clock: HostClock): Runtime {
    const { life } = node;
    return {
      clock: mortalClock(clock, life),
      network: this.fabric.networkOf(node),
      tls: noTls,
      gssapi: noGssapi,
      files: mappedFiles(disk.files, (path) => path, life),
      random: this.random.fork(node.name),
      digests: this.options.digests,
      codecs: this.options.codecs,
      log: tracedLog((this.options.log ?? silentLog).with({ service: node.name }), (what) =>
        this.trace(`${node.name} ${what}`),
      ),
    };
  }

  private prepareLink(link: Link, from: string, to: string): void {
    const { digests, networkMs = [0.05, 1] } = this.options;
    const [least, most] = networkMs;
    const random = this.networkRandom;
    const way = `${from} > ${to}`;
    link.watch((bytes) => {
      const sum = digests.crc32c(bytes);
      this.sum.add(this.now, way, bytes.length ^ sum);
      this.onTrace?.(`${this.now} ${way}: ${bytes.length} ${sum}`);
    });
    if (from === to) return;
    link.delayMs = () => {
      const repeats = this.lossRate > 0 && random.chance(this.lossRate) ? random.between(200, 600) : 0;
      const asleepMs = Math.max(0, (this.hosts.get(to)?.clock.awakeAtMs ?? 0) - this.now);
      return random.between(least, most) + repeats + asleepMs;
    };
  }

  /** @returns false when nothing is left that could happen by `end`. */
  private happenNext(end: number): boolean {
    const event = this.queue.peek();
    if (event === undefined || event.at > end) {
      if (end !== Infinity) this.now = Math.max(this.now, end);
      return false;
    }
    this.queue.pop();
    this.passTo(event.at);
    const { run } = event;
    event.run = null;
    run?.();
    return true;
  }

  private passTo(at: number): void {
    this.eventsNow = at === this.now ? this.eventsNow + 1 : 0;
    if (this.eventsNow > EVENTS_AT_ONE_TIME_MAX)
      throw new Error(
        `time stands still at ${at} ms: somebody plans work for the same moment again and again`,
      );
    this.now = at;
  }
}

/** A machine of the simulated world, with one process on it at a time. */
export class SimulatedHost {
  readonly name: string;
  readonly disk: SimulatedDisk;
  readonly clock: HostClock;
  /** The outside world for the process that runs now. */
  runtime: Runtime;
  private readonly node: FabricNode;
  private readonly trace: (what: string) => void;
  private readonly makeRuntime: () => Runtime;

  constructor(
    node: FabricNode,
    disk: SimulatedDisk,
    clock: HostClock,
    trace: (what: string) => void,
    makeRuntime: () => Runtime,
  ) {
    this.name = node.name;
    this.disk = disk;
    this.clock = clock;
    this.node = node;
    this.trace = trace;
    this.makeRuntime = makeRuntime;
    this.runtime = makeRuntime();
  }

  get alive(): boolean {
    return this.node.life.alive;
  }

  /**
   * Ends the process at once; nothing of it happens any more. The machine loses its power, and what wasn't synced is lost, unless
   * `keepCache`, which is what kill -9 does: files stay as they were written. Its connections are reset; with `silent` nobody is
   * told, and until the restart nothing answers.
   */
  kill(options: { keepCache?: boolean; silent?: boolean } = {}): void {
    if (!this.alive) return;
    this.trace(options.keepCache === true ? 'is killed' : 'loses its power');
    this.node.kill(options.silent);
    if (options.keepCache !== true) this.disk.losePower();
  }

  /** The process stands still for so long, as under a debugger or on a machine that swaps: its timers, its disk and what it is sent wait. */
  freeze(forMs: number): void {
    this.trace(`stands still for ${forMs} ms`);
    this.clock.awakeAtMs = this.clock.monotonicMs() + forMs;
  }

  /** The clock on the wall is set forward, or back. */
  setWallClock(byMs: number): void {
    this.trace(`has its clock set by ${byMs} ms`);
    this.clock.wallOffsetMs += byMs;
  }

  /** A new process on the same machine. */
  restart(): Runtime {
    this.kill({ keepCache: true });
    this.trace('starts');
    this.clock.awakeAtMs = 0;
    this.node.start();
    return (this.runtime = this.makeRuntime());
  }
}

function pairs(some: readonly string[], others: readonly string[]): [string, string][] {
  return some.flatMap((a) => others.filter((b) => b !== a).map((b): [string, string] => [a, b]));
}

/** A log whose lines are part of the trace. */
function tracedLog(log: Log, trace: (what: string) => void): Log {
  const line =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields?: LogFields): void => {
      trace(`${level}: ${message}`);
      log[level](message, fields);
    };
  return {
    debug: line('debug'),
    info: line('info'),
    warn: line('warn'),
    error: line('error'),
    with: (fields) => tracedLog(log.with(fields), trace),
  };
}
