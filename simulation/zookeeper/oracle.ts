/** What must hold at each moment of an ensemble's life, checked as it happens: by each transaction that a server applies, and after each event. */
import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import { SnapshotBody, snapshotSlices } from '../../src/zookeeper/quorum/zab/packets/snapshot-body.ts';
import type { Server } from '../../src/zookeeper/server/server.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import { decodeTransaction } from '../../src/zookeeper/tree/transactions/transaction-codec.ts';
import { Reader } from '../../src/wire/reader.ts';
import { TreeImage } from '../../src/zookeeper/storage/snapshot-writer.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import { ensembleOfTree } from '../../src/zookeeper/quorum/configuration/ensemble-text.ts';
import type { Ensemble } from '../../src/zookeeper/quorum/configuration/ensemble.ts';
import { ensembleIn } from '../../src/zookeeper/quorum/configuration/reconfigure.ts';
import type { Member } from '../../src/zookeeper/quorum/member.ts';
import type { EnsembleServer } from '../../test/zookeeper/simulated-ensemble.ts';

/** What is committed: applied by a server for its clients, or what a leader began with. */
interface Committed {
  readonly zxid: number;
  /** Of the whole tree behind it. */
  readonly digest: bigint;
  /** Stands for the sessions. */
  readonly sessions: string;
  /** Null: it came with a leader's tree, whose history doesn't go back so far. */
  readonly transaction: Transaction | null;
}

/** A configuration that is committed. */
interface Configuration {
  readonly ensemble: Ensemble;
  /** Where in the committed transactions it stands. */
  readonly position: number;
}

interface Known {
  acceptedEpoch: number;
  currentEpoch: number;
  /** The disk has all up to here. */
  syncedZxid: number;
  /** Whether it served when it was looked at last: then nothing of that may be gone when it comes back. */
  served: boolean;
  /** The process that was looked at last. */
  member: EnsembleServer['member'];
  server: Server | null;
  /** Where in the committed transactions its server is. */
  position: number;
  /** The configurations that were compared last: its own, and the one that it must be. */
  ensemble: Ensemble | null;
  configuration: Configuration | null;
}

const digests = createNodeDigests();
const EPOCH = 0x1_0000_0000;
/** More sentences tell nothing new. */
const MOST_BROKEN = 5;

export class Oracle {
  readonly broken: string[] = [];
  readonly leaders = new Map<number, number>();
  /** All paths that were ever created by a committed transaction. */
  readonly created = new Set<string>();
  private readonly servers: readonly EnsembleServer[];
  /** What a leader begins with is being committed, from here on; null: it isn't. */
  private beginsAt: number | null = null;
  /** The first is that of the beginning. */
  private readonly configurations: Configuration[];
  /** The same, as epochs began with it; by version. */
  private readonly beginnings = new Map<number, Ensemble>();
  private readonly known = new Map<number, Known>();
  /** What the committed transactions make of an empty tree. */
  private model = new DataTree(digests);
  private readonly committed: Committed[] = [
    { zxid: 0, digest: this.model.digest, sessions: '', transaction: null },
  ];
  private readonly index = new Map<number, number>([[0, 0]]);

  constructor(servers: readonly EnsembleServer[], beginning: Ensemble) {
    this.servers = servers;
    this.configurations = [{ ensemble: beginning, position: 0 }];
    for (const { id } of servers)
      this.known.set(id, {
        acceptedEpoch: 0,
        currentEpoch: 0,
        syncedZxid: 0,
        served: false,
        member: null,
        server: null,
        position: 0,
        ensemble: null,
        configuration: null,
      });
  }

  /** The last one that is committed. */
  get configuration(): Ensemble {
    return this.configurations.at(-1)!.ensemble;
  }

  hasConfiguration(version: number): boolean {
    return (
      this.beginnings.has(version) || this.configurations.some(({ ensemble }) => ensemble.version === version)
    );
  }

  get lastCommitted(): number {
    return this.committed.at(-1)!.zxid;
  }

  get epochs(): number {
    return this.leaders.size;
  }

  /** After each event. */
  look(): void {
    for (const { id, member } of this.servers) {
      const known = this.known.get(id)!;
      if (known.member !== member) this.changed(id, known, member);
      if (member === null) continue;
      if (member.acceptedEpoch < known.acceptedEpoch)
        this.say(`server ${id} agreed to epoch ${known.acceptedEpoch} and then to ${member.acceptedEpoch}`);
      if (member.currentEpoch < known.currentEpoch)
        this.say(`server ${id} was in epoch ${known.currentEpoch} and is in ${member.currentEpoch}`);
      if (member.currentEpoch > member.acceptedEpoch)
        this.say(
          `server ${id} is in epoch ${member.currentEpoch} and agreed to ${member.acceptedEpoch} only`,
        );
      known.acceptedEpoch = member.acceptedEpoch;
      known.currentEpoch = member.currentEpoch;
      known.syncedZxid = member.storage.syncedZxid;
      known.served = known.server !== null;
      this.lookAtConfiguration(id, known, member);
    }
  }

  /** Whatever is in force anywhere is committed; who serves has none older than was in force there. */
  private lookAtConfiguration(id: number, known: Known, { ensemble }: Member): void {
    const due = known.server === null ? null : this.configurationAt(known.position);
    if (ensemble === known.ensemble && due === known.configuration) return;
    known.ensemble = ensemble;
    known.configuration = due;
    const { version } = ensemble;
    const real = this.configurations.find((one) => one.ensemble.version === version)?.ensemble;
    const committed = real ?? this.beginnings.get(version);
    if (version !== 0 && committed?.text !== ensemble.text)
      this.say(
        `server ${id} has configuration ${hex(version)} in force, ${committed === undefined ? 'which was never committed' : 'but with other servers'}`,
      );
    if (due === null) return;
    // Another server may have told it of a later one, while it follows one that hasn't got so far.
    if (version < due.ensemble.version)
      this.say(
        `server ${id} serves with configuration ${hex(version)} where ${hex(due.ensemble.version)} is in force`,
      );
  }

  private configurationAt(position: number): Configuration {
    return this.configurations.findLast((one) => one.position <= position)!;
  }

  /** It lost its disk, and begins anew. */
  forget({ id }: EnsembleServer): void {
    const known = this.known.get(id)!;
    known.acceptedEpoch = 0;
    known.currentEpoch = 0;
    known.served = false;
  }

  /** A process began or ended. */
  private changed(id: number, known: Known, member: EnsembleServer['member']): void {
    // It may have got something to its disk in the very event in which it ended.
    known.syncedZxid = known.member?.storage.syncedZxid ?? known.syncedZxid;
    known.member = member;
    known.server = null;
    if (member === null) return;
    const { tree } = member.storage;
    if (known.served && tree.lastZxid < known.syncedZxid)
      this.say(
        `server ${id} came back with ${hex(tree.lastZxid)}, and its disk had all up to ${hex(known.syncedZxid)}`,
      );
    const position = this.index.get(tree.lastZxid);
    if (position !== undefined && position > 0) this.compare(id, tree, position, 'came back');
  }

  /** Keep it: clients are served by it from now on, till it stops. */
  serving({ id, member, host }: EnsembleServer, server: Server): void {
    const known = this.known.get(id)!;
    const epoch = member!.currentEpoch;
    const { tree } = server;
    known.server = server;
    const stop = server.stop.bind(server);
    server.stop = () => {
      if (known.server === server) known.server = null;
      stop();
    };
    const applied = server.applied.bind(server);
    server.applied = (request, transaction, result) => {
      // What a process does in the moment of its death nobody sees.
      if (known.server === server && host.alive) this.applied(id, known, tree, transaction);
      applied(request, transaction, result);
    };
    if (member!.acceptedEpoch !== epoch)
      this.say(`server ${id} serves in epoch ${epoch} and agreed to ${member!.acceptedEpoch}`);
    if (server.mode === 'leader') this.leads(id, epoch, member!);
    else if (!this.leaders.has(epoch)) this.say(`server ${id} serves in epoch ${epoch}, which nobody leads`);
    else this.followed(id, member!);
    const position = this.index.get(tree.lastZxid);
    if (position === undefined) {
      this.say(`server ${id} serves from ${hex(tree.lastZxid)} on, which was never committed`);
      known.server = null;
      return;
    }
    known.position = position;
    this.compare(id, tree, position, 'serves');
    this.compareSessions(id, tree, position);
  }

  private leads(id: number, epoch: number, member: Member): void {
    const { storage, ensemble } = member;
    if (ensemble.version % EPOCH === 0 && ensemble.version > 0 && this.configurations.length === 1)
      this.beginnings.set(ensemble.version, ensemble);
    for (const [other, leader] of this.leaders) {
      if (other === epoch) this.say(`servers ${leader} and ${id} both led epoch ${epoch}`);
      else if (other > epoch) this.say(`server ${id} leads epoch ${epoch} after epoch ${other}`);
    }
    this.leaders.set(epoch, id);
    const last = this.lastCommitted;
    const { tree } = storage;
    if (tree.lastZxid < last)
      this.say(
        `server ${id} leads epoch ${epoch} from ${hex(tree.lastZxid)} on: what was committed up to ${hex(last)} is lost`,
      );
    const before = this.configurations.length - 1;
    this.beginsAt = this.committed.length;
    this.begin(id, member);
    this.beginsAt = null;
    for (const { ensemble } of this.configurations.slice(before)) this.checkEpoch(id, epoch, ensemble);
  }

  /** A quorum has taken up the epoch that begins. */
  private checkEpoch(id: number, epoch: number, { verifier, version }: Ensemble): void {
    const agreed = this.servers.filter(
      (server) =>
        Math.max(this.known.get(server.id)!.currentEpoch, server.member?.currentEpoch ?? 0) >= epoch,
    );
    if (!verifier.hasQuorum(agreed.map((server) => server.id)))
      this.say(`server ${id} leads epoch ${epoch} without a quorum of configuration ${hex(version)}`);
  }

  /** All that a leader has when its epoch begins is committed by that. */
  private begin(id: number, { storage, history }: Member): void {
    const { tree } = storage;
    const last = this.lastCommitted;
    if (tree.lastZxid <= last) return;
    const missing = history.after(last);
    if (missing !== null)
      for (const { payload } of missing) this.commit(id, decodeTransaction(new Reader(payload)));
    else {
      this.model = copyOf(tree);
      const ensemble = ensembleOfTree(this.model);
      const isNew = ensemble !== null && ensemble.version > this.configuration.version;
      this.push(id, tree.lastZxid, null, isNew && ensemble.version % EPOCH > 0 ? ensemble : null);
    }
  }

  /** Who begins to follow may have been told of commits that their leader, which stands still, hasn't applied itself. */
  private followed(id: number, { storage, history }: Member): void {
    const { lastZxid } = storage.tree;
    const unheard = lastZxid > this.lastCommitted ? history.after(this.lastCommitted) : null;
    for (const { zxid, payload } of unheard ?? [])
      if (zxid <= lastZxid) this.commit(id, decodeTransaction(new Reader(payload)));
  }

  private applied(id: number, known: Known, tree: DataTree, transaction: Transaction): void {
    const { zxid } = transaction.header;
    const position = known.position + 1;
    known.position = position;
    const expected = this.committed[position];
    // One of those that a later leader began with, whose log told no more than what they led to.
    const isOneOfMany = expected?.transaction === null && zxid <= expected.zxid;
    if (isOneOfMany) this.noteCreated(transaction);
    if (expected === undefined) this.commit(id, transaction);
    else if (isOneOfMany && zxid < expected.zxid) {
      known.position = position - 1;
      return;
    } else if (expected.zxid !== zxid) {
      this.say(`server ${id} applied ${hex(zxid)} where ${hex(expected.zxid)} was committed`);
      known.server = null;
      return;
    }
    const was = expected?.transaction?.header;
    const { header } = transaction;
    if (
      was !== undefined &&
      (was.sessionId !== header.sessionId ||
        was.cxid !== header.cxid ||
        was.type !== header.type ||
        was.timeMs !== header.timeMs)
    )
      this.say(`server ${id} applied another transaction as ${hex(zxid)} than was committed`);
    this.compare(id, tree, position, 'applied it');
    if (isAboutSessions(transaction)) this.compareSessions(id, tree, position);
  }

  private commit(id: number, transaction: Transaction): void {
    const { zxid } = transaction.header;
    const last = this.lastCommitted;
    const starts = Math.floor(zxid / EPOCH) > Math.floor(last / EPOCH) && zxid % EPOCH === 1;
    if (zxid !== last + 1 && !starts) this.say(`server ${id} applied ${hex(zxid)} behind ${hex(last)}`);
    this.model.apply(transaction);
    this.push(id, zxid, transaction, ensembleIn(transaction));
    this.noteCreated(transaction);
  }

  private noteCreated({ record }: Transaction): void {
    if (record.kind === 'create') this.created.add(record.path);
    if (record.kind === 'multi')
      for (const part of record.parts) if (part.record.kind === 'create') this.created.add(part.record.path);
  }

  private push(id: number, zxid: number, transaction: Transaction | null, next: Ensemble | null): void {
    const sessions =
      transaction === null || isAboutSessions(transaction)
        ? sessionsOf(this.model)
        : this.committed.at(-1)!.sessions;
    const position = this.committed.length;
    this.index.set(zxid, position);
    this.committed.push({ zxid, digest: this.model.digest, sessions, transaction });
    const before = this.configurations.at(-1)!;
    const { server } = this.known.get(id)!;
    if (
      this.beginsAt === null &&
      server?.mode === 'leader' &&
      before.position > 0 &&
      !before.ensemble.isVoter(id)
    )
      this.say(
        `server ${id} commits ${hex(zxid)}, and configuration ${hex(before.ensemble.version)} has no vote of it`,
      );
    if (next !== null) this.configurations.push({ ensemble: next, position });
    const safe = this.servers.filter((other) => {
      const { syncedZxid } = this.known.get(other.id)!;
      return (other.member?.storage.syncedZxid ?? syncedZxid) >= zxid;
    });
    const ids = safe.map((other) => other.id);
    for (const { verifier, version } of this.needed(position))
      if (!verifier.hasQuorum(ids))
        this.say(
          `server ${id} took ${hex(zxid)} for committed, and only the disks of ${ids.join(', ') || 'nobody'} had it: no quorum of configuration ${hex(version)}`,
        );
  }

  /** Who must have had it. */
  private needed(position: number): Ensemble[] {
    const { configurations } = this;
    const [before, last] = configurations.slice(-2);
    if (last === undefined) return [before!.ensemble];
    if (this.beginsAt !== null && last.position < this.beginsAt) return [last.ensemble];
    return position === last.position ? [before!.ensemble, last.ensemble] : [last.ensemble];
  }

  private compare(id: number, tree: DataTree, position: number, what: string): void {
    const { zxid, digest } = this.committed[position]!;
    if (tree.digest !== digest)
      this.say(`server ${id} ${what} with another tree at ${hex(zxid)} than others had there`);
  }

  private compareSessions(id: number, tree: DataTree, position: number): void {
    const { zxid, sessions } = this.committed[position]!;
    if (sessionsOf(tree) !== sessions)
      this.say(`server ${id} has other sessions at ${hex(zxid)} than others had there`);
    for (const [session, paths] of tree.ephemerals)
      if (paths.size > 0 && !tree.sessions.has(session))
        this.say(`at server ${id} session ${session} is over and still has ${paths.size} ephemerals`);
  }

  say(sentence: string): void {
    if (this.broken.length < MOST_BROKEN) this.broken.push(sentence);
  }
}

function copyOf(tree: DataTree): DataTree {
  const copy = new DataTree(digests);
  const body = new SnapshotBody(copy, tree.lastZxid, 1 << 20);
  for (const slice of snapshotSlices(new TreeImage(tree))) body.push(slice);
  return copy;
}

function isAboutSessions({ record }: Transaction): boolean {
  return record.kind === 'createSession' || record.kind === 'closeSession';
}

function sessionsOf(tree: DataTree): string {
  const sessions = [...tree.sessions].map(([id, timeoutMs]) => `${id}/${timeoutMs}`);
  return sessions.sort().join(' ');
}

const hex = (zxid: number): string => `0x${zxid.toString(16)}`;
