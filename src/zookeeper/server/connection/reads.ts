import { Reader } from '../../../wire/reader.ts';
import { WireError } from '../../../wire/wire-error.ts';
import type { Writer } from '../../../wire/writer.ts';
import { Perms } from '../../jute/constants.ts';
import { ErrorCode } from '../../jute/error-code.ts';
import * as messages from '../../jute/messages.ts';
import { OpCode } from '../../jute/op-code.ts';
import type { RecordOf } from '../../jute/record.ts';
import { readUstring, writeUstring } from '../../jute/primitives.ts';
import { allows, type AuthSchemes, type Id } from '../../tree/acl/acl.ts';
import type { DataTree } from '../../tree/data-tree.ts';
import { restoreWatches } from '../../tree/watches/restore-watches.ts';
import type { Watcher } from '../../tree/watches/watch-table.ts';
import type { Znode } from '../../tree/znodes/znode.ts';
import { writeMultiError, writeMultiHeader } from './answers.ts';

/** Who asks. */
export interface Client extends Watcher {
  readonly authIds: readonly Id[];
  readonly sessionId: bigint;
}

/** Answers everything that changes nothing, straight from the tree. */
export class Reads {
  private readonly tree: DataTree;
  private readonly schemes: AuthSchemes;
  private readonly skipAcl: boolean;

  constructor(tree: DataTree, schemes: AuthSchemes, skipAcl: boolean) {
    this.tree = tree;
    this.schemes = schemes;
    this.skipAcl = skipAcl;
  }

  /**
   * Answers one request, whose record lies in `body` from `start` to `end`, into `w`.
   * @returns an ErrorCode; unless 0 (or for a multiRead) nothing was written.
   */
  answer(client: Client, op: number, body: Buffer, start: number, end: number, w: Writer): number {
    const r = new Reader(body, start, end);
    try {
      return this.dispatch(client, op, r, w);
    } catch (error) {
      if (error instanceof WireError) return ErrorCode.MarshallingError;
      throw error;
    }
  }

  private dispatch(client: Client, op: number, r: Reader, w: Writer): number {
    switch (op) {
      case OpCode.getData:
        return this.getData(client, r, w);
      case OpCode.exists:
        return this.exists(client, r, w);
      case OpCode.getChildren:
        return this.getChildren(client, r, w, false);
      case OpCode.getChildren2:
        return this.getChildren(client, r, w, true);
      case OpCode.ping:
        return 0;
      case OpCode.getACL:
        return this.getAcl(client, r, w);
      case OpCode.sync: {
        writeUstring(w, readUstring(r));
        return 0;
      }
      case OpCode.multiRead:
        return this.multiRead(client, r, w);
      case OpCode.setWatches:
      case OpCode.setWatches2:
        return this.setWatches(client, op, r);
      case OpCode.addWatch:
        return this.addWatch(client, r, w);
      case OpCode.checkWatches:
      case OpCode.removeWatches:
        return this.findWatches(client, op, r);
      case OpCode.getEphemerals:
        return this.getEphemerals(client, r, w);
      case OpCode.getAllChildrenNumber:
        return this.getAllChildrenNumber(client, r, w);
      case OpCode.whoAmI:
        return whoAmI(client, w);
      default:
        return ErrorCode.Unimplemented;
    }
  }

  private getData(client: Client, r: Reader, w: Writer): number {
    const path = readPath(r);
    const watch = r.bool();
    const node = this.tree.find(path);
    if (node === undefined) return ErrorCode.NoNode;
    if (!this.may(client, node, Perms.READ)) return ErrorCode.NoAuth;
    if (watch) this.tree.watches.addData(path, client);
    this.tree.writeDataAndStat(node, w);
    return 0;
  }

  private exists(client: Client, r: Reader, w: Writer): number {
    const path = readPath(r);
    const watch = r.bool();
    const node = this.tree.find(path);
    if (node !== undefined && !this.may(client, node, Perms.READ)) return ErrorCode.NoAuth;
    if (watch) this.tree.watches.addData(path, client);
    if (node === undefined) return ErrorCode.NoNode;
    this.tree.writeStat(node, w);
    return 0;
  }

  private getChildren(client: Client, r: Reader, w: Writer, withStat: boolean): number {
    const path = readPath(r);
    const watch = r.bool();
    const node = this.tree.find(path);
    if (node === undefined) return ErrorCode.NoNode;
    if (!this.may(client, node, Perms.READ)) return ErrorCode.NoAuth;
    if (watch) this.tree.watches.addChildren(path, client);
    this.tree.writeChildren(node, w);
    if (withStat) this.tree.writeStat(node, w);
    return 0;
  }

  /** Without ADMIN the digests stay hidden. */
  private getAcl(client: Client, r: Reader, w: Writer): number {
    const node = this.tree.find(readPath(r));
    if (node === undefined) return ErrorCode.NoNode;
    if (!this.may(client, node, Perms.READ | Perms.ADMIN)) return ErrorCode.NoAuth;
    const open = this.may(client, node, Perms.ADMIN);
    const acl = this.tree.aclOf(node);
    w.int32(acl.length);
    for (const { perms, id } of acl) {
      w.int32(perms);
      writeUstring(w, id.scheme);
      writeUstring(w, open || id.scheme !== 'digest' ? id.id : id.id.replace(/:.*$/s, ':x'));
    }
    this.tree.writeStat(node, w);
    return 0;
  }

  /** Each part stands alone: an error in one leaves the others good. */
  private multiRead(client: Client, r: Reader, w: Writer): number {
    const parts: { type: number; start: number; end: number }[] = [];
    for (;;) {
      const header = messages.multiHeader.decode(r);
      if (header.done) break;
      if (header.type !== OpCode.getData && header.type !== OpCode.getChildren)
        return ErrorCode.MarshallingError;
      const start = r.position;
      readUstring(r);
      r.bool();
      parts.push({ type: header.type, start, end: r.position });
    }
    for (const { type, start, end } of parts) {
      // Looked at first, since the header in front of the answer tells the outcome.
      const error = this.check(client, new Reader(r.buffer, start, end));
      if (error !== 0) writeMultiError(w, error);
      else {
        writeMultiHeader(w, type, false, 0);
        this.dispatch(client, type, new Reader(r.buffer, start, end), w);
      }
    }
    writeMultiHeader(w, -1, true, -1);
    return 0;
  }

  private check(client: Client, r: Reader): number {
    const node = this.tree.find(readPath(r));
    if (node === undefined) return ErrorCode.NoNode;
    return this.may(client, node, Perms.READ) ? 0 : ErrorCode.NoAuth;
  }

  private setWatches(client: Client, op: number, r: Reader): number {
    const lists = op === OpCode.setWatches2 ? messages.setWatches2.decode(r) : messages.setWatches.decode(r);
    const later: Partial<RecordOf<typeof messages.setWatches2>> = lists;
    restoreWatches(this.tree, client, Number(lists.relativeZxid), {
      data: present(lists.dataWatches),
      exist: present(lists.existWatches),
      children: present(lists.childWatches),
      persistent: present(later.persistentWatches ?? null),
      persistentRecursive: present(later.persistentRecursiveWatches ?? null),
    });
    return 0;
  }

  private addWatch(client: Client, r: Reader, w: Writer): number {
    const path = readPath(r);
    const mode = r.int32();
    if (mode !== 0 && mode !== 1) return ErrorCode.BadArguments;
    this.tree.watches.addPersistent(path, client, mode);
    w.int32(0);
    return 0;
  }

  private findWatches(client: Client, op: number, r: Reader): number {
    const path = readPath(r);
    const type = r.int32();
    if (type < 1 || type > 5) return ErrorCode.MarshallingError;
    const watches = this.tree.watches;
    const found =
      op === OpCode.checkWatches ? watches.has(path, type, client) : watches.remove(path, type, client);
    return found ? 0 : ErrorCode.NoWatcher;
  }

  private getEphemerals(client: Client, r: Reader, w: Writer): number {
    const prefix = readUstring(r) ?? '';
    const paths = [...this.tree.ephemeralsOf(client.sessionId)].filter((path) => path.startsWith(prefix));
    w.int32(paths.length);
    for (const path of paths) writeUstring(w, path);
    return 0;
  }

  private getAllChildrenNumber(client: Client, r: Reader, w: Writer): number {
    const path = readPath(r);
    const node = this.tree.find(path);
    if (node === undefined) return ErrorCode.NoNode;
    if (!this.may(client, node, Perms.READ)) return ErrorCode.NoAuth;
    w.int32(this.tree.countBelow(path));
    return 0;
  }

  private may(client: Client, node: Znode, perms: number): boolean {
    return this.skipAcl || allows(this.schemes, this.tree.aclOf(node), perms, client.authIds);
  }
}

function readPath(r: Reader): string {
  const path = readUstring(r);
  if (path === null) throw new WireError('path', r.position, 'it is null');
  return path;
}

function present(list: (string | null)[] | null): string[] {
  return (list ?? []).filter((path) => path !== null);
}

/** The address and all that the connection proved; of a digest the user alone. */
function whoAmI(client: Client, w: Writer): number {
  const known = client.authIds.filter((id) => id.scheme !== 'super');
  w.int32(known.length);
  for (const { scheme, id } of known) {
    writeUstring(w, scheme);
    writeUstring(w, scheme === 'digest' ? id.replace(/:.*$/s, '') : id);
  }
  return 0;
}
