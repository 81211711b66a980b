import { StorageError } from '../../../storage/storage-error.ts';
import { mayBeOneCluster, pastOf, type Past } from '../../../tree/znodes/past.ts';
import { ensembleOfTree } from '../../configuration/ensemble-text.ts';
import { packetLimit, type MemberContext } from '../../member-context.ts';
import { SnapshotBody } from '../packets/snapshot-body.ts';

export interface TreeReplacementEvents {
  /** A part of the leader's tree is here, or all of it. */
  loaded(isWhole: boolean): void;
  /** Nothing more may come until log and tree are replaced. */
  pause(): void;
  /** Log and tree are the leader's up to `zxid`. */
  replaced(zxid: number): void;
  /** The leader's data is another cluster's. */
  shun(evidence: string): void;
  stop(reason: string): void;
}

/**
 * How a follower's log and tree become the leader's: cut back (TRUNC), or replaced by the tree that it sends (SNAP). What wasn't brought to
 * an end, or must be undone, is taken back when the role ends.
 */
export class TreeReplacement {
  private readonly context: MemberContext;
  private readonly events: TreeReplacementEvents;
  /** The tree that the leader sends. */
  private body: SnapshotBody | null = null;
  /** Of the tree that it replaces. */
  private past: Past | null = null;
  /** Log and tree are being replaced. */
  private replacing: Promise<void> | null = null;
  /** What the tree is read anew from: the whole log, or the log up to a zxid; null: it is as it should be. */
  private backTo: 'log' | number | null = null;

  constructor(context: MemberContext, events: TreeReplacementEvents) {
    this.context = context;
    this.events = events;
  }

  /** Whether what comes belongs to the leader's tree. */
  get isLoading(): boolean {
    return this.body !== null;
  }

  get isUnderWay(): boolean {
    return this.body !== null || this.replacing !== null;
  }

  /** The leader's tree follows, as of `zxid`. */
  begin(zxid: number): void {
    const { storage, config } = this.context;
    this.past = pastOf(storage.tree);
    this.body = new SnapshotBody(storage.tree, zxid, packetLimit(config));
  }

  /** Takes in what came of the tree. @returns what stands behind its end; null: that isn't here. Throws a WireError. */
  load(bytes: Buffer): Buffer | null {
    const { body } = this;
    if (body === null) return null;
    const isWhole = body.push(bytes);
    this.events.loaded(isWhole);
    if (!isWhole) return null;
    const { config, storage } = this.context;
    const tailMs = 2 * config.syncLimit * config.tickTimeMs;
    if (!mayBeOneCluster(this.past!, pastOf(storage.tree), tailMs)) {
      this.events.shun('no znode that both must have is the same');
      return null;
    }
    this.body = null;
    this.replace(() => this.install());
    return body.rest;
  }

  /** Cuts the log behind `zxid`. */
  truncate(zxid: number): void {
    const { storage, history } = this.context;
    this.replace(async () => {
      try {
        await storage.truncate(zxid, history.replayed);
      } catch (error) {
        if (!(error instanceof StorageError) || error.code !== 'NOTHING_TO_CUT_TO') throw error;
        this.askForTree(zxid);
      }
    });
  }

  /** What came after `zxid` must go. */
  takeBack(zxid: number): void {
    this.backTo = zxid;
  }

  /** Nothing more comes. */
  stop(): void {
    if (this.body !== null) this.backTo = 'log';
  }

  /** After `stop`: resolves when log and tree fit each other. */
  async settled(): Promise<void> {
    await this.replacing;
    const { backTo } = this;
    if (backTo === null) return;
    const { storage, history } = this.context;
    history.forget();
    if (backTo === 'log') await storage.reload(history.replayed);
    else await storage.truncate(backTo, history.replayed);
    this.taken();
  }

  /** Apache's servers end here. The own data stays, and counts in elections, until the tree is there. */
  private askForTree(zxid: number): void {
    this.context.needsTree = true;
    this.backTo = 'log';
    this.events.stop(
      `the log here has nothing that ends with 0x${zxid.toString(16)}, so the leader's whole tree is asked for`,
    );
  }

  /** What the tree says of the configuration is remembered before the tree is on the disk, as with a proposal. */
  private async install(): Promise<void> {
    const { context } = this;
    const { storage, proposed, ensemble } = context;
    context.isTreeUnproven = false;
    context.needsTree = false;
    const brought = ensembleOfTree(storage.tree);
    if (brought !== null && brought.version > (proposed ?? ensemble).version) context.seen(brought);
    await context.configurationWriting;
    await storage.install();
  }

  private replace(work: () => Promise<void>): void {
    this.events.pause();
    this.context.history.forget();
    this.replacing = work().then(
      () => {
        this.replacing = null;
        // `settled` reads log and tree anew.
        if (this.backTo !== null) return;
        const zxid = this.taken();
        this.context.runtime.log.info(`this server begins from the leader's zxid 0x${zxid.toString(16)}`);
        this.events.replaced(zxid);
      },
      (error: unknown) => {
        this.replacing = null;
        this.context.fail(error);
      },
    );
  }

  /** The tree is another one. @returns the zxid that it ends with. */
  private taken(): number {
    const { storage, history } = this.context;
    const { lastZxid } = storage.tree;
    if (history.last !== lastZxid) history.reset(lastZxid);
    this.context.replaced(lastZxid);
    return lastZxid;
  }
}
