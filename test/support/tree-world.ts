import { createNodeDigests } from '../../src/runtime/node/digests.ts';
import { Writer } from '../../src/wire/writer.ts';
import { EventType } from '../../src/zookeeper/jute/constants.ts';
import { errorInfo } from '../../src/zookeeper/jute/error-code.ts';
import * as messages from '../../src/zookeeper/jute/messages.ts';
import { OpCode } from '../../src/zookeeper/jute/op-code.ts';
import type { Fields, RecordType, ValueOf } from '../../src/zookeeper/jute/record.ts';
import type { Acl, AuthScheme, Id } from '../../src/zookeeper/tree/acl/acl.ts';
import { openAcl } from '../../src/zookeeper/tree/acl/acl.ts';
import type { ApplyResult } from '../../src/zookeeper/tree/transactions/apply-result.ts';
import { DataTree } from '../../src/zookeeper/tree/data-tree.ts';
import {
  RequestPreparer,
  type PreparerSettings,
} from '../../src/zookeeper/tree/requests/request-preparer.ts';
import type { Transaction } from '../../src/zookeeper/tree/transactions/transaction.ts';
import type { Watcher } from '../../src/zookeeper/tree/watches/watch-table.ts';

const digests = createNodeDigests();

const exact = (authenticates: boolean): AuthScheme => ({
  authenticates,
  isValid: (id) => id.length > 0,
  matches: (own, wanted) => own === wanted,
});

/** A tree and its preparer, driven by requests as clients send them. */
export class TestWorld {
  readonly tree: DataTree;
  readonly preparer: RequestPreparer;
  readonly told: string[] = [];
  zxid = 0;
  timeMs = 1000;
  private cxid = 0;

  constructor(settings: Partial<PreparerSettings> = {}, tree = new DataTree(digests), opened = true) {
    this.tree = tree;
    this.zxid = tree.lastZxid;
    this.preparer = new RequestPreparer(this.tree, {
      schemes: new Map([
        ['digest', exact(true)],
        ['ip', exact(false)],
      ]),
      skipAcl: false,
      enforceQuota: true,
      extendedTypesEnabled: true,
      reconfigEnabled: false,
      ...settings,
    });
    if (opened) for (const transaction of this.sessions()) this.run(transaction);
  }

  /** Over a tree that is there already; no session is opened. */
  static over(tree: DataTree, settings: Partial<PreparerSettings>): TestWorld {
    return new TestWorld(settings, tree, false);
  }

  /** What opens the two sessions that requests are made in. */
  sessions(): Transaction[] {
    return [1n, 2n].map((session) => this.prepare(OpCode.createSession, int32(30_000), session));
  }

  prepare(op: number, body: Buffer, sessionId = 1n, authIds: readonly Id[] = []): Transaction {
    const request = { op, sessionId, cxid: ++this.cxid, body, start: 0, end: body.length, authIds };
    return this.preparer.prepare(request, ++this.zxid, this.timeMs);
  }

  run(transaction: Transaction): ApplyResult {
    const result = this.tree.apply(transaction);
    this.preparer.applied(transaction.header.zxid);
    return result;
  }

  /** Done, or the error's name. */
  do(transaction: Transaction): string {
    const { error, path } = this.run(transaction);
    return error === 0 ? path : errorInfo(error).name;
  }

  create(
    path: string,
    options: {
      flags?: number;
      data?: string | null;
      acl?: readonly Acl[];
      session?: bigint;
      ids?: Id[];
      op?: number;
      ttl?: bigint;
    } = {},
  ): Transaction {
    const { flags = 0, data = '', acl = openAcl, session = 1n, ids = [], op = OpCode.create } = options;
    const bytes = data === null ? null : Buffer.from(data);
    const fields = { path, data: bytes, acl: acl.map((entry) => ({ ...entry })), flags };
    const body =
      op === OpCode.createTTL
        ? encoded(messages.createTTLRequest, { ...fields, ttl: options.ttl ?? 1n })
        : encoded(messages.createRequest, fields);
    return this.prepare(op, body, session, ids);
  }

  setData(path: string, data: string | null, version = -1, ids: Id[] = [], session = 1n): Transaction {
    const bytes = data === null ? null : Buffer.from(data);
    return this.prepare(
      OpCode.setData,
      encoded(messages.setDataRequest, { path, data: bytes, version }),
      session,
      ids,
    );
  }

  delete(path: string, version = -1, ids: Id[] = []): Transaction {
    return this.prepare(OpCode.delete, encoded(messages.deleteRequest, { path, version }), 1n, ids);
  }

  setAcl(path: string, acl: readonly Acl[], version = -1, ids: Id[] = []): Transaction {
    const list = acl.map((entry) => ({ ...entry }));
    return this.prepare(
      OpCode.setACL,
      encoded(messages.setACLRequest, { path, acl: list, version }),
      1n,
      ids,
    );
  }

  close(session: bigint): Transaction {
    return this.prepare(OpCode.closeSession, Buffer.alloc(0), session);
  }

  multi(...parts: [op: number, body: Buffer][]): Transaction {
    const writer = new Writer();
    for (const [type, body] of parts) {
      messages.multiHeader.encode(writer, { type, done: false, err: -1 });
      writer.bytes(body);
    }
    messages.multiHeader.encode(writer, { type: -1, done: true, err: -1 });
    return this.prepare(OpCode.multi, Buffer.from(writer.finish()));
  }

  /** Writes down what it is told, as `name: NodeCreated /a`. */
  watcher(name: string): Watcher {
    return {
      notify: (type, path) => {
        const event = Object.entries(EventType).find(([, code]) => code === type)![0];
        this.told.push(`${name}: ${event} ${path}`);
      },
    };
  }

  data(path: string): string | null {
    return this.tree.dataOf(this.tree.find(path)!)?.toString() ?? null;
  }

  stat(path: string): ReturnType<DataTree['statOf']> {
    return this.tree.statOf(this.tree.find(path)!);
  }
}

export function encoded<F extends Fields>(record: RecordType<F>, value: ValueOf<F>): Buffer {
  const writer = new Writer();
  record.encode(writer, value);
  return Buffer.from(writer.finish());
}

export function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
