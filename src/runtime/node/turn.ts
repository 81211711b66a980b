/** What has something to do at the end of a turn, once. */
export interface Flushable {
  flush(): void;
}

/**
 * The end of a turn of Node's event loop: after all sockets that were readable have been read, first the work that servers
 * deferred runs, then each connection that was written to sends what it gathered, in one write.
 */
export class Turn {
  private jobs: (() => void)[] = [];
  private flushes: Flushable[] = [];
  private scheduled = false;

  soon(run: () => void): void {
    this.jobs.push(run);
    if (!this.scheduled) this.schedule();
  }

  flushAtEnd(target: Flushable): void {
    this.flushes.push(target);
    if (!this.scheduled) this.schedule();
  }

  private schedule(): void {
    this.scheduled = true;
    setImmediate(this.end);
  }

  private readonly end = (): void => {
    this.scheduled = false;
    const jobs = this.jobs;
    let next = 0;
    if (jobs.length > 0) {
      this.jobs = [];
      try {
        while (next < jobs.length) jobs[next++]!();
      } finally {
        // One job's bug doesn't take the others' turn.
        if (next < jobs.length) {
          this.jobs = jobs.slice(next).concat(this.jobs);
          if (!this.scheduled) this.schedule();
        }
      }
    }
    const flushes = this.flushes;
    if (flushes.length > 0) {
      this.flushes = [];
      for (const target of flushes) target.flush();
    }
  };
}
