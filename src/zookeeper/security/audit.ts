import { RareWarnings } from '../../runtime/rare-warnings.ts';
import { FileError, type File, type Runtime } from '../../runtime/runtime.ts';
import { Reader } from '../../wire/reader.ts';
import { WireError } from '../../wire/wire-error.ts';
import { Perms } from '../jute/constants.ts';
import { OpCode } from '../jute/op-code.ts';
import type { Request } from '../server/pipeline/request.ts';
import type { Id } from '../tree/acl/acl.ts';
import type { ApplyResult } from '../tree/transactions/apply-result.ts';
import type { Transaction } from '../tree/transactions/transaction.ts';
import { parsers, readMulti, type ParsedOp, type SetAclOp } from '../tree/requests/write-ops.ts';

const FILE = 'zookeeper_audit.log';
/** As Apache's own setup of its logger has it. */
const LARGEST_BYTES = 10 * 1024 * 1024;
const OLD_FILES = 10;

type Result = 'success' | 'failure' | 'invoked';

const createModes = [
  'persistent',
  'ephemeral',
  'persistent_sequential',
  'ephemeral_sequential',
  'container',
  'persistent_with_ttl',
  'persistent_sequential_with_ttl',
];

const operations: Readonly<Record<number, string>> = {
  [OpCode.create]: 'create',
  [OpCode.create2]: 'create',
  [OpCode.createContainer]: 'create',
  [OpCode.createTTL]: 'create',
  [OpCode.delete]: 'delete',
  [OpCode.deleteContainer]: 'delete',
  [OpCode.setData]: 'setData',
  [OpCode.setACL]: 'setAcl',
  [OpCode.reconfig]: 'reconfig',
};

/**
 * Who changed what, or tried to: lines of the fields that Apache's audit log has, in `zookeeper_audit.log` of the data folder, which
 * rolls. What one turn brings is written in one go.
 */
export class AuditLog {
  private readonly runtime: Runtime;
  private readonly warnings: RareWarnings;
  private readonly path: string;
  /** Who runs this server. */
  private readonly own: string;
  private file: File | null = null;
  private bytes = 0;
  private lines: string[] = [];
  private isStopped = false;

  constructor(runtime: Runtime, folder: string, own: string) {
    this.runtime = runtime;
    this.warnings = new RareWarnings(runtime.log, runtime.clock);
    this.path = `${folder}/${FILE}`;
    this.own = own;
  }

  started(): void {
    this.add('success', { user: this.own, operation: 'serverStart' });
  }

  stopped(): void {
    if (this.isStopped) return;
    this.isStopped = true;
    this.add('invoked', { user: this.own, operation: 'serverStop' });
    this.flush();
    this.file?.close();
    this.file = null;
  }

  /** A transaction was applied; `request`: it was asked for by a client of this server. */
  applied(request: Request | null, { header, record }: Transaction, result: ApplyResult): void {
    if (record.kind === 'closeSession')
      for (const { path: znode, error } of result.parts ?? [])
        this.add(error === 0 ? 'success' : 'failure', {
          session: sessionName(header.sessionId),
          user: this.own,
          operation: 'ephemeralZNodeDeletionOnSessionCloseOrExpire',
          znode,
        });
    if (request === null || request.requester === null) return;
    const { op } = request;
    const asked = op === OpCode.multi ? null : parsed(request);
    if (op === OpCode.multi) this.multi(request, result);
    else if (operations[op] !== undefined)
      this.addRequest(request, result.error === 0, operations[op], {
        znode: (result.error === 0 ? result.path : '') || pathOf(asked),
        znode_type: createMode(op, asked),
        acl: asked?.op === OpCode.setACL ? aclText(asked) : undefined,
      });
  }

  private multi(request: Request, result: ApplyResult): void {
    if (result.error !== 0 || result.parts === null) {
      this.addRequest(request, false, 'multiOperation', {});
      return;
    }
    const asked = parsedMulti(request);
    for (const [i, part] of result.parts.entries()) {
      const operation = operations[part.type];
      if (operation === undefined || operation === 'setAcl') continue;
      const type = asked[i];
      const mode = type === undefined ? undefined : createMode(type.type, type.op);
      this.addRequest(request, true, operation, { znode: part.path, znode_type: mode });
    }
  }

  private addRequest(request: Request, isDone: boolean, operation: string, fields: Fields): void {
    const ip = request.authIds.find(({ scheme }) => scheme === 'ip')?.id;
    const { znode, znode_type, acl } = fields;
    this.add(isDone ? 'success' : 'failure', {
      session: sessionName(request.sessionId),
      user: users(request.authIds),
      ip,
      operation,
      znode,
      znode_type,
      acl,
    });
  }

  /** Fields without a value are left out. */
  private add(result: Result, fields: Fields): void {
    const text = Object.entries({ ...fields, result })
      .filter(([, value]) => value !== undefined && value !== '')
      .map(([name, value]) => `${name}=${harmless(value!)}`)
      .join('\t');
    const at = new Date(this.runtime.clock.wallMs())
      .toISOString()
      .replace('T', ' ')
      .replace('.', ',')
      .slice(0, 23);
    if (this.lines.length === 0) this.runtime.clock.soon(() => this.flush());
    this.lines.push(`${at} ${result === 'failure' ? 'ERROR' : 'INFO'} audit.Slf4jAuditLogger: ${text}\n`);
  }

  private flush(): void {
    if (this.lines.length === 0) return;
    const bytes = Buffer.from(this.lines.splice(0).join(''), 'utf8');
    try {
      if (this.file !== null && this.bytes + bytes.length > LARGEST_BYTES) this.roll();
      this.file ??= this.open();
      this.file.write(bytes, this.bytes);
      this.bytes += bytes.length;
    } catch (error) {
      if (!(error instanceof FileError)) throw error;
      this.warnings.warn('audit', `the audit log can't be written, and lines are lost: ${error.message}`);
    }
  }

  private open(): File {
    this.runtime.files.makeFolder(this.path.slice(0, this.path.lastIndexOf('/')));
    const file = this.runtime.files.open(this.path, 'write');
    this.bytes = file.size();
    return file;
  }

  /** zookeeper_audit.log becomes zookeeper_audit.log.1, that .2, and so on. */
  private roll(): void {
    const { files } = this.runtime;
    this.file?.close();
    this.file = null;
    for (let n = OLD_FILES - 1; n >= 0; n--) {
      const from = n === 0 ? this.path : `${this.path}.${n}`;
      if (files.exists(from)) files.rename(from, `${this.path}.${n + 1}`);
    }
  }
}

interface Fields {
  readonly session?: string | undefined;
  readonly user?: string | undefined;
  readonly ip?: string | undefined;
  readonly operation?: string | undefined;
  readonly znode?: string | undefined;
  readonly znode_type?: string | undefined;
  readonly acl?: string | undefined;
}

const sessionName = (id: bigint): string => `0x${BigInt.asUintN(64, id).toString(16)}`;

/** Nobody may write lines or fields of their own into the log. */
// eslint-disable-next-line no-control-regex -- that is what it is about
const harmless = (value: string): string => value.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, '?');

/** Of all that a client proved to be; passwords' hashes are left out. */
function users(ids: readonly Id[]): string {
  return ids
    .filter(({ scheme }) => scheme !== 'super')
    .map(({ scheme, id }) => (scheme === 'digest' ? id.split(':', 1)[0]! : id))
    .filter((name) => name.trim() !== '')
    .join(',');
}

/** Null: it couldn't be read, and was refused. */
function parsed({ op, body, start, end }: Request): ParsedOp | null {
  try {
    return parsers[op]?.(new Reader(body, start, end)) ?? null;
  } catch (error) {
    if (error instanceof WireError) return null;
    throw error;
  }
}

function parsedMulti({ body, start, end }: Request): { type: number; op: ParsedOp }[] {
  try {
    return readMulti(new Reader(body, start, end));
  } catch (error) {
    if (error instanceof WireError) return [];
    throw error;
  }
}

const pathOf = (asked: ParsedOp | null): string => (asked !== null && 'path' in asked ? asked.path : '');

function createMode(op: number, asked: ParsedOp | null): string | undefined {
  if (asked?.op !== OpCode.create) return undefined;
  return op === OpCode.createContainer ? 'container' : createModes[asked.flags];
}

/** As Apache writes it: without anything between the entries. */
function aclText({ acl }: SetAclOp): string {
  const letters = [
    [Perms.CREATE, 'c'],
    [Perms.DELETE, 'd'],
    [Perms.READ, 'r'],
    [Perms.WRITE, 'w'],
    [Perms.ADMIN, 'a'],
  ] as const;
  return (acl ?? [])
    .map(({ perms, id }) => {
      const rights = letters.filter(([perm]) => (perms & perm) !== 0).map(([, letter]) => letter);
      return `${id.scheme}:${id.id}:${rights.join('')}`;
    })
    .join('');
}
