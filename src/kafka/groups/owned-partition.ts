import type { Runtime, Timer } from '../../runtime/runtime.ts';
import { ErrorCode } from '../protocol/errors.ts';
import { Group } from './group/group.ts';
import { GroupOffsets } from './group-offsets.ts';
import { encodeGroup, type RecordVersions } from './group-records.ts';
import type { GroupLimits, Now, Output } from './group/group-types.ts';
import type { LoadedGroups } from './load-groups.ts';
import { groupAppendCode, type OffsetsLog } from './offsets-log.ts';

export interface OwnedPartitionOptions {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly log: OffsetsLog;
  readonly limits: GroupLimits;
  readonly versions: RecordVersions;
}

/** The groups of one partition of the offsets topic, as long as this broker leads it: gives them the time, and does what they decide. */
export class OwnedPartition {
  readonly partition: number;
  readonly leaderEpoch: number;
  readonly log: OffsetsLog;
  readonly versions: RecordVersions;
  readonly groups = new Map<string, Group>();
  state: 'loading' | 'ready' | 'closed' = 'loading';
  private readonly clock: Runtime['clock'];
  private readonly journal: Runtime['log'];
  private readonly limits: GroupLimits;
  private readonly alarms = new Map<Group, { readonly at: number; readonly timer: Timer }>();

  constructor({ clock, log }: Pick<Runtime, 'clock' | 'log'>, options: OwnedPartitionOptions) {
    this.clock = clock;
    this.journal = log;
    this.partition = options.partition;
    this.leaderEpoch = options.leaderEpoch;
    this.log = options.log;
    this.limits = options.limits;
    this.versions = options.versions;
  }

  now(): Now {
    return { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs() };
  }

  /** Takes over what the log says. */
  loaded({ groups, offsets }: LoadedGroups): void {
    this.state = 'ready';
    for (const [id, record] of groups) {
      const group = new Group(id, this.limits, offsets.get(id) ?? new GroupOffsets(), record.stateSinceMs);
      this.groups.set(id, group);
      this.act(group, (now, out) => group.restore(record, now, out));
    }
    for (const [id, own] of offsets)
      if (own.size > 0 && !this.groups.has(id)) this.groups.set(id, new Group(id, this.limits, own, null));
  }

  makeGroup(id: string): Group {
    const group = new Group(id, this.limits, new GroupOffsets(), this.clock.wallMs());
    this.groups.set(id, group);
    return group;
  }

  /** Runs a step of a group, then does what it put out and sees to its next deadline. */
  act<T>(group: Group, step: (now: Now, out: Output[]) => T): T {
    const out: Output[] = [];
    const before = group.state;
    const result = step(this.now(), out);
    if (group.state !== before && this.state === 'ready') this.tell(group, before);
    for (const output of out) this.perform(group, output);
    this.setAlarm(group);
    return result;
  }

  removeGroup(group: Group): void {
    this.act(group, (now, out) => group.die(ErrorCode.COORDINATOR_NOT_AVAILABLE, now, out));
    this.groups.delete(group.id);
  }

  /** Another broker coordinates from now on. */
  close(): void {
    this.state = 'closed';
    for (const group of this.groups.values())
      this.act(group, (now, out) => group.die(ErrorCode.NOT_COORDINATOR, now, out));
    this.groups.clear();
  }

  private tell(group: Group, before: Group['state']): void {
    const { id, generation, members } = group;
    const count = `${members.size} member${members.size === 1 ? '' : 's'}`;
    if (group.state === 'Stable' && before === 'CompletingRebalance')
      this.journal.info(`group ${id} is balanced: ${count}, generation ${generation}`);
    else if (group.state === 'PreparingRebalance' && before === 'Stable')
      this.journal.info(`group ${id} rebalances: its members are asked to join again`);
    else if (group.state === 'Empty') this.journal.info(`group ${id} has no members any more`);
  }

  private perform(group: Group, output: Output): void {
    if (output.kind === 'join') output.to(output.answer);
    else if (output.kind === 'sync') output.to(output.answer);
    else {
      const { purpose } = output;
      this.log.append([encodeGroup(group.id, output.record, this.versions)], (code) => {
        if (this.state === 'closed') return;
        this.act(group, (now, out) => group.persisted(purpose, groupAppendCode(code), now, out));
      });
    }
  }

  private setAlarm(group: Group): void {
    const alarm = this.alarms.get(group);
    if (alarm !== undefined) {
      if (alarm.at <= group.wakeAt && group.state !== 'Dead') return; // early is fine: the group says when to come again
      alarm.timer.cancel();
      this.alarms.delete(group);
    }
    if (group.wakeAt === Number.POSITIVE_INFINITY) return;
    const at = group.wakeAt;
    const timer = this.clock.after(Math.max(at - this.clock.monotonicMs(), 0), () => {
      this.alarms.delete(group);
      this.act(group, (now, out) => group.tick(now, out));
    });
    this.alarms.set(group, { at, timer });
  }
}
