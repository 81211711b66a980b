/**
 * For work that calls back, at once or later: what `make` makes of its result, or a promise of that. Most work is done at once, and
 * then nothing waits for the next turn of the promise queue.
 */
export function nowOrLater<T, R>(
  run: (done: (result: T) => void) => void,
  make: (result: T) => R,
): R | Promise<R> {
  const call = new Call<T>();
  run((result) => call.done(result));
  return call.isDone ? make(call.result as T) : call.promise().then(make);
}

class Call<T> {
  isDone = false;
  result: T | undefined = undefined;
  private resolve: ((result: T) => void) | null = null;

  done(result: T): void {
    this.isDone = true;
    this.result = result;
    this.resolve?.(result);
  }

  promise(): Promise<T> {
    return new Promise((resolve) => {
      this.resolve = resolve;
    });
  }
}
