import type { Runtime, Timer } from '../../../runtime/runtime.ts';

/** Files that were taken out of a log and stay a while for those who still read them. What is left at the end goes at the next start. */
export class RemovedFiles {
  private readonly runtime: Runtime;
  private readonly onFailure: (error: unknown) => void;
  private readonly timers = new Set<Timer>();

  constructor(runtime: Runtime, onFailure: (error: unknown) => void) {
    this.runtime = runtime;
    this.onFailure = onFailure;
  }

  removeLater(paths: readonly string[], delayMs: number): void {
    const timer = this.runtime.clock.after(delayMs, () => {
      this.timers.delete(timer);
      try {
        for (const path of paths) this.runtime.files.remove(path);
      } catch (error) {
        this.onFailure(error);
      }
    });
    this.timers.add(timer);
  }

  stop(): void {
    for (const timer of this.timers) timer.cancel();
  }
}
