const LONGEST_MS = 20_000;

/** Looks again until there is something. An exception counts as nothing yet; the last one is the cause when it takes too long. */
export async function eventually<T>(
  look: () => Promise<T | null | undefined | false> | T | null | undefined | false,
): Promise<T> {
  const deadline = performance.now() + LONGEST_MS;
  let cause: unknown = null;
  for (;;) {
    try {
      const found = await look();
      if (found !== null && found !== undefined && found !== false) return found;
      cause = null;
    } catch (error) {
      cause = error;
    }
    if (performance.now() > deadline) throw new Error('it did not come about in time', { cause });
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}
