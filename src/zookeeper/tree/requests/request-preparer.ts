import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import { CreateFlag, Perms } from '../../jute/constants.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import { OpCode } from '../../jute/op-code.ts';
import { allows, openAcl, resolveAcl, type Acl, type AuthSchemes, type Id } from '../acl/acl.ts';
import type { DataTree } from '../data-tree.ts';
import { OutstandingChanges, type Prospect } from './outstanding-changes.ts';
import { OutstandingSessions } from './outstanding-sessions.ts';
import { CONTAINER_OWNER, LONGEST_TTL_MS, NO_OWNER, ownerKind, ttlOwner } from '../znodes/owner.ts';
import { CONFIG_PATH, isSpecialPath, isValidPath, parentOf } from '../znodes/path.ts';
import type { MultiPart, Transaction, TransactionRecord } from '../transactions/transaction.ts';
import {
  parsers,
  readMulti,
  type AskedAcl,
  type CreateOp,
  type ParsedOp,
  type PathOp,
  type PathVersionOp,
  type ReconfigChange,
  type SetAclOp,
  type SetDataOp,
} from './write-ops.ts';

/** A write as it came: from a client, from a follower, or from the server itself. */
export interface WriteRequest {
  /**
   * An OpCode: create, create2, createContainer, createTTL, delete, deleteContainer, setData, setACL, multi, reconfig, createSession,
   * closeSession.
   */
  readonly op: number;
  readonly sessionId: bigint;
  readonly cxid: number;
  /**
   * The request's record: bytes of `body` from `start` to `end`. For createSession the timeout as int, for closeSession nothing, for
   * deleteContainer the path as bare bytes.
   */
  readonly body: Buffer;
  readonly start: number;
  readonly end: number;
  readonly authIds: readonly Id[];
  /** An ErrorCode other than 0: it is refused whatever it asks, as when its session has moved to another server. */
  readonly refusal?: number;
}

export interface PreparerSettings {
  readonly schemes: AuthSchemes;
  readonly skipAcl: boolean;
  readonly enforceQuota: boolean;
  readonly extendedTypesEnabled: boolean;
  readonly reconfigEnabled: boolean;
  /** Null: this server has no configuration that could change. */
  readonly reconfigure?: Reconfigure | null;
  /** Whether a session that isn't in the tree may write all the same; none may without it. */
  readonly isLocalSession?: ((sessionId: bigint) => boolean) | null;
}

/** The text of the configuration that is to come with `zxid`, or the ErrorCode for which there will be none. */
export type Reconfigure = (change: ReconfigChange, zxid: number) => Buffer | number;

/** A record, or the ErrorCode for which the request is refused: refusals are usual, so they aren't thrown. */
type Outcome = TransactionRecord | number;

interface Context {
  readonly request: WriteRequest;
  readonly zxid: number;
}

/**
 * Turns requests into transactions: checks them against the tree as it will be when all that was prepared before is applied.
 * Whatever is refused becomes an error transaction, which uses up its zxid all the same. Only the leader (or a standalone server)
 * has one; after a change of leader make a new one.
 *
 * Call `prepare` for each write in order, with zxids that rise; propose, log, commit; `tree.apply`; then `applied`. The order of
 * checks is Apache's, since it decides which error a client gets. Data in a transaction is a view of the request's `body`: keep that
 * unchanged until the transaction is applied.
 */
export class RequestPreparer {
  private readonly tree: DataTree;
  private readonly settings: PreparerSettings;
  private readonly changes: OutstandingChanges;
  private readonly sessions: OutstandingSessions;

  constructor(tree: DataTree, settings: PreparerSettings) {
    this.tree = tree;
    this.settings = settings;
    this.changes = new OutstandingChanges(tree);
    this.sessions = new OutstandingSessions(tree.sessions);
  }

  /** Changes prepared but not yet applied. */
  get outstanding(): number {
    return this.changes.size;
  }

  prepare(request: WriteRequest, zxid: number, timeMs: number): Transaction {
    const { op, sessionId, cxid } = request;
    const outcome = this.decide(request, zxid);
    return typeof outcome === 'number'
      ? {
          header: { sessionId, cxid, zxid, timeMs, type: OpCode.error },
          record: { kind: 'error', error: outcome },
        }
      : { header: { sessionId, cxid, zxid, timeMs, type: op }, record: outcome };
  }

  /** The transactions up to this one are in the tree now: forgets what was remembered for them. */
  applied(zxid: number): void {
    this.changes.applied(zxid);
    this.sessions.applied(zxid);
  }

  /** Whether a session may write: one of the ensemble's, or a local one. */
  private mayWrite(sessionId: bigint): boolean {
    return this.hasSession(sessionId) || this.settings.isLocalSession?.(sessionId) === true;
  }

  /** Whether a session is there and not about to be closed by what is outstanding. */
  hasSession(sessionId: bigint): boolean {
    return this.sessions.has(sessionId);
  }

  private decide(request: WriteRequest, zxid: number): Outcome {
    if (request.refusal !== undefined && request.refusal !== 0) return request.refusal;
    const context = { request, zxid };
    try {
      const reader = new Reader(request.body, request.start, request.end);
      if (request.op === OpCode.multi) return this.multi(context, reader);
      const parse = request.op === OpCode.check ? undefined : parsers[request.op];
      return parse === undefined ? ErrorCode.Unimplemented : this.check(context, parse(reader));
    } catch (error) {
      if (error instanceof WireError) return ErrorCode.MarshallingError;
      throw error;
    }
  }

  private check(context: Context, op: ParsedOp): Outcome {
    switch (op.op) {
      case OpCode.setData:
        return this.setData(context, op);
      case OpCode.create:
        return this.create(context, op);
      case OpCode.delete:
        return this.delete(context, op);
      case OpCode.deleteContainer:
        return this.deleteContainer(context, op);
      case OpCode.setACL:
        return this.setAcl(context, op);
      case OpCode.check:
        return this.checkVersion(context, op);
      case OpCode.reconfig:
        return this.reconfig(context, op.change);
      case OpCode.createSession:
        this.sessions.opens(context.request.sessionId, context.zxid);
        return { kind: 'createSession', timeoutMs: op.timeoutMs };
      case OpCode.closeSession:
        return this.closeSession(context);
    }
  }

  /** All is read before anything is checked; after the first refusal nothing more is. */
  private multi(context: Context, reader: Reader): Outcome {
    const ops = readMulti(reader);
    const parts: MultiPart[] = [];
    let refused = false;
    this.changes.begin();
    for (const { type, op } of ops) {
      const outcome = refused ? ErrorCode.RuntimeInconsistency : this.check(context, op);
      if (typeof outcome !== 'number') {
        parts.push({ type, record: outcome });
        continue;
      }
      if (!refused) this.changes.rollBack();
      refused = true;
      parts.push({ type: OpCode.error, record: { kind: 'error', error: outcome } });
    }
    if (!refused) this.changes.commit();
    return { kind: 'multi', parts };
  }

  private reconfig(context: Context, change: ReconfigChange): Outcome {
    const { reconfigEnabled, reconfigure } = this.settings;
    if (!reconfigEnabled) return ErrorCode.ReconfigDisabled;
    if (!this.hasSession(context.request.sessionId)) return ErrorCode.SessionExpired;
    if (reconfigure === null || reconfigure === undefined) return ErrorCode.Unimplemented;
    const data = reconfigure(change, context.zxid);
    if (typeof data === 'number') return data;
    const node = this.changes.find(CONFIG_PATH);
    if (node === null) return ErrorCode.NoNode;
    if (!this.allowed(context, node.acl, Perms.WRITE)) return ErrorCode.NoAuth;
    return { kind: 'setData', path: CONFIG_PATH, data, version: -1 };
  }

  private setData(context: Context, op: SetDataOp): Outcome {
    const { path, data } = op;
    if (!this.mayWrite(context.request.sessionId)) return ErrorCode.SessionExpired;
    if (!isValidPath(path)) return ErrorCode.BadArguments;
    const node = this.changes.find(path);
    if (node === null) return ErrorCode.NoNode;
    if (!this.allowed(context, node.acl, Perms.WRITE)) return ErrorCode.NoAuth;
    const dataBytes = data === null ? 0 : data.length;
    if (!this.fitsQuota(path, dataBytes - node.dataBytes, 0)) return ErrorCode.QuotaExceeded;
    if (op.version !== -1 && op.version !== node.version) return ErrorCode.BadVersion;
    const version = (node.version + 1) | 0;
    this.changes.add({
      zxid: context.zxid,
      path,
      exists: true,
      version,
      aversion: node.aversion,
      cversion: node.cversion,
      owner: node.owner,
      children: node.children,
      dataBytes,
      acl: node.acl,
    });
    return { kind: 'setData', path, data, version };
  }

  private create(context: Context, op: CreateOp): Outcome {
    const { flags, data } = op;
    if (flags < CreateFlag.persistent || flags > CreateFlag.persistentSequentialWithTTL)
      return ErrorCode.BadArguments;
    const wantsTtl = flags >= CreateFlag.persistentWithTTL;
    if (wantsTtl && !this.settings.extendedTypesEnabled) return ErrorCode.Unimplemented;
    const ttlIsValid = typeof op.ttlMs === 'number' && op.ttlMs > 0 && op.ttlMs <= LONGEST_TTL_MS;
    if (wantsTtl !== op.hasTtl || (wantsTtl && !ttlIsValid)) return ErrorCode.BadArguments;
    const isEphemeral = flags === CreateFlag.ephemeral || flags === CreateFlag.ephemeralSequential;
    const { sessionId } = context.request;
    if (!(isEphemeral ? this.hasSession(sessionId) : this.mayWrite(sessionId)))
      return ErrorCode.SessionExpired;
    if (!op.path.includes('/') || op.path.includes('\0')) return ErrorCode.BadArguments;
    const acl = this.resolve(context, op.acl);
    if (acl === null) return ErrorCode.InvalidACL;
    const parent = this.changes.find(parentOf(op.path));
    if (parent === null) return ErrorCode.NoNode;
    if (!this.allowed(context, parent.acl, Perms.CREATE)) return ErrorCode.NoAuth;
    const isSequential = sequentialFlags.has(flags);
    const path = isSequential ? op.path + sequenceNumber(parent.cversion) : op.path;
    if (!isValidPath(path)) return ErrorCode.BadArguments;
    if (this.changes.find(path) !== null) return ErrorCode.NodeExists;
    if (ownerKind(parent.owner) === 'session') return ErrorCode.NoChildrenForEphemerals;
    const dataBytes = data === null ? 0 : data.length;
    if (!this.fitsQuota(path, dataBytes, 1)) return ErrorCode.QuotaExceeded;

    const { zxid } = context;
    let owner = isEphemeral ? context.request.sessionId : NO_OWNER;
    if (op.isContainer) owner = CONTAINER_OWNER;
    else if (wantsTtl) owner = ttlOwner(Number(op.ttlMs));
    const cversion = (parent.cversion + 1) | 0;
    this.changeParent(zxid, parent, 1, cversion);
    this.changes.add({
      zxid,
      path,
      exists: true,
      version: 0,
      aversion: 0,
      cversion: 0,
      owner,
      children: 0,
      dataBytes,
      acl,
    });
    return { kind: 'create', path, data, acl, owner, parentCversion: cversion };
  }

  private changeParent(zxid: number, parent: Prospect, children: number, cversion: number): void {
    this.changes.add({
      zxid,
      path: parent.path,
      exists: true,
      version: parent.version,
      aversion: parent.aversion,
      cversion,
      owner: parent.owner,
      children: parent.children + children,
      dataBytes: parent.dataBytes,
      acl: parent.acl,
    });
  }

  private delete(context: Context, op: PathVersionOp): Outcome {
    const { path } = op;
    if (!this.mayWrite(context.request.sessionId)) return ErrorCode.SessionExpired;
    if (!path.includes('/') || path.includes('\0') || isSpecialPath(path)) return ErrorCode.BadArguments;
    const parent = this.changes.find(parentOf(path));
    if (parent === null) return ErrorCode.NoNode;
    if (!this.allowed(context, parent.acl, Perms.DELETE)) return ErrorCode.NoAuth;
    const node = this.changes.find(path);
    if (node === null) return ErrorCode.NoNode;
    if (op.version !== -1 && op.version !== node.version) return ErrorCode.BadVersion;
    if (node.children > 0) return ErrorCode.NotEmpty;
    this.remove(context.zxid, parent, path);
    return { kind: 'delete', path };
  }

  private deleteContainer(context: Context, op: PathOp): Outcome {
    const { path } = op;
    if (!path.includes('/') || path.includes('\0') || isSpecialPath(path)) return ErrorCode.BadArguments;
    const node = this.changes.find(path);
    if (node === null) return ErrorCode.NoNode;
    if (node.children > 0) return ErrorCode.NotEmpty;
    if (ownerKind(node.owner) === 'session') return ErrorCode.BadVersion;
    const parent = this.changes.find(parentOf(path));
    if (parent === null) return ErrorCode.NoNode;
    this.remove(context.zxid, parent, path);
    return { kind: 'delete', path };
  }

  private remove(zxid: number, parent: Prospect, path: string): void {
    this.changeParent(zxid, parent, -1, parent.cversion);
    this.changes.add({
      zxid,
      path,
      exists: false,
      version: 0,
      aversion: 0,
      cversion: 0,
      owner: NO_OWNER,
      children: 0,
      dataBytes: 0,
      acl: openAcl,
    });
  }

  private setAcl(context: Context, op: SetAclOp): Outcome {
    const { path } = op;
    if (!this.mayWrite(context.request.sessionId)) return ErrorCode.SessionExpired;
    if (!isValidPath(path)) return ErrorCode.BadArguments;
    const acl = this.resolve(context, op.acl);
    if (acl === null) return ErrorCode.InvalidACL;
    const node = this.changes.find(path);
    if (node === null) return ErrorCode.NoNode;
    if (!this.allowed(context, node.acl, Perms.ADMIN)) return ErrorCode.NoAuth;
    if (op.version !== -1 && op.version !== node.aversion) return ErrorCode.BadVersion;
    const version = (node.aversion + 1) | 0;
    this.changes.add({
      zxid: context.zxid,
      path,
      exists: true,
      version: node.version,
      aversion: version,
      cversion: node.cversion,
      owner: node.owner,
      children: node.children,
      dataBytes: node.dataBytes,
      acl,
    });
    return { kind: 'setACL', path, acl, version };
  }

  private checkVersion(context: Context, op: PathVersionOp): Outcome {
    const { path } = op;
    if (!this.mayWrite(context.request.sessionId)) return ErrorCode.SessionExpired;
    if (!isValidPath(path)) return ErrorCode.BadArguments;
    const node = this.changes.find(path);
    if (node === null) return ErrorCode.NoNode;
    if (!this.allowed(context, node.acl, Perms.READ)) return ErrorCode.NoAuth;
    if (op.version !== -1 && op.version !== node.version) return ErrorCode.BadVersion;
    return { kind: 'check', path, version: (node.version + 1) | 0 };
  }

  /** Its ephemerals, those outstanding included, go with it. A session that is unknown may be closed, too. */
  private closeSession(context: Context): Outcome {
    const { sessionId } = context.request;
    const paths = new Set(this.tree.ephemeralsOf(sessionId));
    for (const prospect of this.changes.newestOfAll())
      if (!prospect.exists) paths.delete(prospect.path);
      else if (prospect.owner === sessionId) paths.add(prospect.path);
    for (const path of paths) {
      const parent = this.changes.find(parentOf(path));
      if (parent !== null) this.remove(context.zxid, parent, path);
    }
    this.sessions.closes(sessionId, context.zxid);
    return { kind: 'closeSession', paths: [...paths] };
  }

  private allowed(context: Context, acl: readonly Acl[], perms: number): boolean {
    return this.settings.skipAcl || allows(this.settings.schemes, acl, perms, context.request.authIds);
  }

  private resolve(context: Context, asked: AskedAcl): readonly Acl[] | null {
    return isOpen(asked) ? openAcl : resolveAcl(this.settings.schemes, asked, context.request.authIds);
  }

  /** Only hard limits refuse, and, as in Apache's server, what is outstanding isn't counted yet. */
  private fitsQuota(path: string, bytes: number, count: number): boolean {
    if (!this.settings.enforceQuota) return true;
    const quota = this.tree.quotaAround(path);
    if (quota === null) return true;
    const { limits, stats } = quota;
    const tooMany = count > 0 && limits.countHardLimit > -1 && stats.count + count > limits.countHardLimit;
    const tooLarge = bytes !== 0 && limits.byteHardLimit > -1 && stats.bytes + bytes > limits.byteHardLimit;
    return !tooMany && !tooLarge;
  }
}

const sequentialFlags: ReadonlySet<number> = new Set([
  CreateFlag.persistentSequential,
  CreateFlag.ephemeralSequential,
  CreateFlag.persistentSequentialWithTTL,
]);

/** Ten characters, the sign among them. */
function sequenceNumber(cversion: number): string {
  return cversion < 0 ? `-${String(-cversion).padStart(9, '0')}` : String(cversion).padStart(10, '0');
}

function isOpen(asked: AskedAcl): boolean {
  const entry = asked?.[0];
  return (
    asked?.length === 1 &&
    entry?.perms === Perms.ALL &&
    entry.id.scheme === 'world' &&
    entry.id.id === 'anyone'
  );
}
