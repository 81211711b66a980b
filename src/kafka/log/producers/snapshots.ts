import type { Runtime } from '../../../runtime/runtime.ts';
import { readWhole } from '../folder/atomic-file.ts';
import { DELETED_SUFFIX, offsetFileName, offsetOfFileName, SNAPSHOT_SUFFIX } from '../folder/file-names.ts';
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts';
import type { ProducerState } from './producer-state.ts';

/** The `.snapshot` files of a log: the producers' state up to an offset, exclusive. */
export class ProducerSnapshots {
  private readonly runtime: Runtime;
  private readonly folder: string;
  /** Rising. */
  private offsets: number[];
  private unsynced: string[] = [];

  /** `synced`: those that are there are on the disk for certain. */
  constructor(runtime: Runtime, folder: string, names: readonly string[], synced: boolean) {
    this.runtime = runtime;
    this.folder = folder;
    this.offsets = names
      .map((name) => offsetOfFileName(name, SNAPSHOT_SUFFIX))
      .filter((offset) => offset !== null)
      .sort((a, b) => a - b);
    if (!synced) this.unsynced = this.offsets.map((offset) => this.path(offset));
  }

  get isEmpty(): boolean {
    return this.offsets.length === 0;
  }

  /** 0: none. */
  get latestOffset(): number {
    return this.offsets[this.offsets.length - 1] ?? 0;
  }

  /** Loads the newest one that is whole and at most at `offset`; damaged ones are removed. Without one the state is empty. */
  loadInto(producers: ProducerState, offset: number): void {
    for (let i = this.offsets.length - 1; i >= 0; i--) {
      const at = this.offsets[i]!;
      if (at > offset) continue;
      const entries = decodeProducerSnapshot(
        this.runtime.digests,
        readWhole(this.runtime.files, this.path(at)),
      );
      if (entries !== null) {
        producers.load(entries, at);
        return;
      }
      this.runtime.log.warn('A producer snapshot is damaged; an older one is used', { path: this.path(at) });
      this.removeAt(at);
    }
    producers.clear();
  }

  /** Writes the state, unless there is a snapshot at this offset or a later one. */
  take(producers: ProducerState): void {
    const offset = producers.mapEndOffset;
    if (offset <= this.latestOffset) return;
    const path = this.path(offset);
    const file = this.runtime.files.open(path, 'write');
    try {
      const bytes = encodeProducerSnapshot(this.runtime.digests, producers.producers.values());
      file.truncate(0);
      file.write(bytes, 0);
    } finally {
      file.close();
    }
    this.offsets.push(offset);
    this.unsynced.push(path);
  }

  async sync(): Promise<void> {
    const paths = this.unsynced;
    this.unsynced = [];
    for (const path of paths) {
      if (!this.runtime.files.exists(path)) continue;
      const file = this.runtime.files.open(path, 'write');
      try {
        await file.sync();
      } finally {
        file.close();
      }
    }
  }

  removeAbove(offset: number): void {
    for (const at of this.offsets.filter((other) => other > offset)) this.removeAt(at);
  }

  removeBelow(offset: number): void {
    for (const at of this.offsets.filter((other) => other < offset)) this.removeAt(at);
  }

  private removeAt(offset: number): void {
    this.offsets = this.offsets.filter((other) => other !== offset);
    this.runtime.files.remove(this.path(offset));
    this.runtime.files.remove(this.path(offset) + DELETED_SUFFIX);
  }

  private path(offset: number): string {
    return `${this.folder}/${offsetFileName(offset, SNAPSHOT_SUFFIX)}`;
  }
}
