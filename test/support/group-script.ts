import { errorInfo } from '../../src/kafka/protocol/errors.ts';
import { GroupOffsets } from '../../src/kafka/groups/group-offsets.ts';
import { Group } from '../../src/kafka/groups/group/group.ts';
import type { Now, Output, Purpose } from '../../src/kafka/groups/group/group-types.ts';
import type { JoinAnswer, Protocol, SyncAnswer } from '../../src/kafka/groups/group/member.ts';

interface Client {
  id: string;
  generation: number;
  readonly instanceId: string | null;
  readonly protocols: readonly Protocol[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly knowsIds: boolean;
  readonly skipsAssignment: boolean;
}

/**
 * Plays a conversation with a group: what stands left of each arrow happens, what the group puts out is printed right of it. A right
 * script comes back unchanged. Each line: ms, command, a client's name, `key=value` words.
 *
 *     join a             a client joins, with what it was told before; the first time with
 *                        protocols=range:x,sticky:y static=instance session=ms rebalance=ms old (before v4) skip (v9)
 *     again a            joins as a new process: without the id it had (static members)
 *     sync a b=1         syncs; a leader hands in assignments
 *     beat a, leave a, commit a, tick, persisted, persisted NOT_COORDINATOR
 */
export class GroupScript {
  readonly group: Group;
  private readonly clients = new Map<string, Client>();
  private readonly purposes: Purpose[] = [];
  private lines: string[] = [];
  private out: Output[] = [];
  private ids = 0;
  private now: Now = { wallMs: 0, monotonicMs: 0 };

  constructor(limits: { initialRebalanceDelayMs?: number; maxSize?: number } = {}) {
    this.group = new Group(
      'g',
      { initialRebalanceDelayMs: 0, maxSize: Number.POSITIVE_INFINITY, ...limits },
      new GroupOffsets(),
      0,
    );
  }

  play(script: string): string {
    return script
      .split('\n')
      .map((line) => {
        const [left] = line.split('->');
        if (left === undefined || left.trim() === '') return line;
        const [at, command, ...words] = left.trim().split(/\s+/);
        const said = this.step(Number(at), command!, words);
        return `${left.trimEnd()} -> ${said}`.trimEnd();
      })
      .join('\n');
  }

  private step(at: number, command: string, words: string[]): string {
    this.now = { wallMs: at, monotonicMs: at };
    this.lines = [];
    this.out = [];
    const { group, now, out } = this;
    const [name = '', ...rest] = words;
    if (command === 'join' || command === 'again') this.join(name, rest, command === 'again');
    else if (command === 'sync') this.sync(name, rest);
    else if (command === 'beat') {
      const { id, instanceId, generation } = this.client(name);
      this.say(nameOf(group.heartbeat(id, instanceId, generation, now)));
    } else if (command === 'commit') {
      const { id, instanceId, generation } = this.client(name);
      this.say(nameOf(group.allowCommit(id, instanceId, generation, now)));
    } else if (command === 'leave') {
      const { id, instanceId } = this.client(name);
      this.say(nameOf(group.leave(id, instanceId, now, out)));
    } else if (command === 'tick') group.tick(now, out);
    else if (command === 'persisted') {
      const code = name === '' ? 0 : codeOf(name);
      group.persisted(this.purposes.shift()!, code, now, out);
    } else throw new Error(`what is ${command}?`);
    for (const output of this.out) this.perform(output);
    return [...this.lines, group.state].join('; ');
  }

  private join(name: string, words: string[], anew: boolean): void {
    const known = this.clients.get(name);
    const options = new Map(words.map((word) => word.split('=') as [string, string]));
    const client: Client = {
      ...(known ?? {
        id: '',
        generation: -1,
        instanceId: options.get('static') ?? null,
        protocols: [],
        sessionTimeoutMs: Number(options.get('session') ?? 10_000),
        rebalanceTimeoutMs: Number(options.get('rebalance') ?? 60_000),
        knowsIds: !options.has('old'),
        skipsAssignment: options.has('skip'),
      }),
    };
    const wanted = options.get('protocols') ?? (known === undefined ? `range:${name}` : undefined);
    const protocols = wanted === undefined ? known!.protocols : wanted.split(',').map(protocol);
    const next = { ...client, protocols, id: anew ? '' : client.id };
    this.clients.set(name, next);
    this.group.join(
      {
        memberId: next.id,
        newMemberId: `${name}${++this.ids}`,
        instanceId: next.instanceId,
        clientId: name,
        clientHost: '/127.0.0.1',
        rebalanceTimeoutMs: next.rebalanceTimeoutMs,
        sessionTimeoutMs: next.sessionTimeoutMs,
        protocolType: options.get('type') ?? 'consumer',
        protocols,
        needsKnownId: next.knowsIds,
        maySkipAssignment: next.skipsAssignment,
        reply: (answer) => this.joined(name, answer),
      },
      this.now,
      this.out,
    );
  }

  private joined(name: string, answer: JoinAnswer): void {
    const client = this.client(name);
    if (answer.memberId !== '') client.id = answer.memberId;
    if (answer.code !== 0) {
      this.say(`${name}: ${nameOf(answer.code)}`);
      return;
    }
    client.generation = answer.generation;
    const members = answer.members.map((m) => `${m.memberId}=${m.metadata.toString()}`).join(',');
    const skip = answer.skipAssignment ? ' skip' : '';
    this.say(
      `${name}: joined ${answer.generation} ${answer.protocolName} leader=${answer.leaderId}${skip}${members === '' ? '' : ` [${members}]`}`,
    );
  }

  private sync(name: string, words: string[]): void {
    const { id, instanceId, generation } = this.client(name);
    const assignments = words.map((word): [string, Buffer] => {
      const [who, what] = word.split('=');
      return [this.client(who!).id, Buffer.from(what!)];
    });
    this.group.sync(
      {
        memberId: id,
        instanceId,
        generation,
        protocolType: null,
        protocolName: null,
        assignments: new Map(assignments),
        reply: (answer) => this.synced(name, answer),
      },
      this.now,
      this.out,
    );
  }

  private synced(name: string, answer: SyncAnswer): void {
    this.say(
      `${name}: ${answer.code === 0 ? `synced ${answer.assignment.toString()}`.trimEnd() : nameOf(answer.code)}`,
    );
  }

  private perform(output: Output): void {
    if (output.kind === 'join') output.to(output.answer);
    else if (output.kind === 'sync') output.to(output.answer);
    else {
      this.purposes.push(output.purpose);
      this.say(`write ${output.record.generation} of ${output.record.members.length}`);
    }
  }

  private client(name: string): Client {
    const found = this.clients.get(name);
    if (found === undefined) throw new Error(`who is ${name}?`);
    return found;
  }

  private say(what: string): void {
    this.lines.push(what);
  }
}

function protocol(text: string): Protocol {
  const [name, metadata] = text.split(':');
  return { name: name!, metadata: Buffer.from(metadata ?? '') };
}

function nameOf(code: number): string {
  return errorInfo(code).name;
}

function codeOf(name: string): number {
  for (let code = -1; code < 200; code++) if (errorInfo(code).name === name && code !== 0) return code;
  throw new Error(`there is no error ${name}`);
}
