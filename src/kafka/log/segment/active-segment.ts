import type { Runtime } from '../../../runtime/runtime.ts';
import type { LogConfig } from '../log-config.ts';
import { newSegment } from './new-segment.ts';
import type { ProducerState } from '../producers/producer-state.ts';
import { mustRoll } from './rolling.ts';
import type { SegmentList } from './segment-list.ts';
import type { LogSegment, SegmentAppend } from './segment.ts';
import type { ProducerSnapshots } from '../producers/snapshots.ts';

/** Segments that aren't appended to, but whose files are kept open for readers. */
const OPEN_INACTIVE_SEGMENTS = 4;
const LARGEST_INT32 = 0x7fff_ffff;

export interface ActiveSegmentOptions {
  readonly folder: string;
  readonly segments: SegmentList;
  readonly producers: ProducerState;
  readonly snapshots: ProducerSnapshots;
  logEndOffset(): number;
  /** A segment is complete: it may go to the disk. */
  onRolled(): void;
}

/** The segment that a log is appended to, and when the next one takes its place. */
export class ActiveSegment {
  private readonly runtime: Runtime;
  private readonly options: ActiveSegmentOptions;
  private config: LogConfig;
  private jitterMs: number;

  constructor(runtime: Runtime, options: ActiveSegmentOptions, config: LogConfig) {
    this.runtime = runtime;
    this.options = options;
    this.config = config;
    this.jitterMs = this.newJitter();
  }

  updateConfig(config: LogConfig): void {
    this.config = config;
    this.jitterMs = this.newJitter();
  }

  /** The active segment, or a new one when the append wouldn't fit its size, age, index or offsets. */
  for(append: SegmentAppend, firstOffset: number): LogSegment {
    const { segments, logEndOffset } = this.options;
    const { active } = segments;
    const now = this.runtime.clock.wallMs();
    if (!mustRoll(active, append, this.config, now, this.jitterMs)) return active;
    return this.roll(Math.max(firstOffset, logEndOffset(), append.lastOffset - LARGEST_INT32 + 1));
  }

  roll(newBase: number): LogSegment {
    const { folder, segments, producers, snapshots, logEndOffset, onRolled } = this.options;
    const { active } = segments;
    active.becomeInactive();
    if (active.sizeBytes === 0) {
      // Nothing in it: another one takes its place.
      segments.remove(active);
      active.removeFiles();
    }
    producers.mapEndOffset = logEndOffset();
    snapshots.take(producers);
    const segment = newSegment(this.runtime, folder, newBase, this.config);
    segments.add(segment);
    this.jitterMs = this.newJitter();
    const open = segments.all.filter((other) => other !== segment && other.isOpen);
    for (const other of open.slice(0, -OPEN_INACTIVE_SEGMENTS)) other.release();
    onRolled();
    return segment;
  }

  /** So that the segments of many logs aren't all rolled at once. */
  private newJitter(): number {
    const limit = Math.min(this.config.segmentJitterMs, this.config.segmentMs);
    return limit > 0 ? Math.floor(this.runtime.random.float() * limit) : 0;
  }
}
