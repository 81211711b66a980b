export interface LaterListener<R> {
  done(value: R): void;
  failed(error: unknown): void;
}

/**
 * An answer that comes later, by a call. Unlike a promise it is handed on within the call that settles it, so that answers which one
 * event brings about leave in the same turn, and in the same write.
 */
export class Later<R> {
  private outcome: { readonly value: R } | { readonly error: unknown } | null = null;
  private listener: LaterListener<R> | null = null;

  /** Once; it is called at once when all is settled already. */
  listen(listener: LaterListener<R>): void {
    if (this.outcome === null) this.listener = listener;
    else if ('value' in this.outcome) listener.done(this.outcome.value);
    else listener.failed(this.outcome.error);
  }

  resolve(value: R): void {
    if (this.listener === null) this.outcome = { value };
    else this.listener.done(value);
  }

  reject(error: unknown): void {
    if (this.listener === null) this.outcome = { error };
    else this.listener.failed(error);
  }
}

/** For work that calls back, at once or later: what `make` makes of its result, now or later. */
export function nowOrLater<T, R>(
  run: (done: (result: T) => void) => void,
  make: (result: T) => R,
): R | Later<R> {
  const call = new Call(make);
  run((result) => call.finish(result));
  return call.isDone ? make(call.result as T) : call.waitFor();
}

class Call<T, R> {
  isDone = false;
  result: T | undefined = undefined;
  private readonly make: (result: T) => R;
  private later: Later<R> | null = null;

  constructor(make: (result: T) => R) {
    this.make = make;
  }

  finish(result: T): void {
    if (this.later === null) {
      this.isDone = true;
      this.result = result;
      return;
    }
    let value: R;
    try {
      value = this.make(result);
    } catch (error) {
      this.later.reject(error);
      return;
    }
    this.later.resolve(value);
  }

  waitFor(): Later<R> {
    this.later = new Later<R>();
    return this.later;
  }
}
