import { runStory } from './durability.ts';
import { runEnsembleStory } from './zookeeper/story.ts';

export interface Outcome {
  /** What doesn't hold, in sentences. */
  readonly broken: readonly string[];
  readonly acknowledged: number;
  readonly virtualMs: number;
  readonly traceHash: string;
}

export interface StoryOptions {
  readonly seed: number;
  /** Virtual seconds of faults; only for clusters, whose stories are longer. */
  readonly faultsSeconds: number;
  readonly onTrace?: (line: string) => void;
}

export type Subject = 'cluster' | 'zookeeper';

/** Tells one story. What it throws, or leaves without anybody to handle it, is a fault as well. */
export async function tell(subject: Subject, options: StoryOptions): Promise<Outcome> {
  const { seed, faultsSeconds, onTrace } = options;
  const unhandled: string[] = [];
  const hear = (error: unknown): void => void unhandled.push(`nobody handled ${textOf(error)}`);
  process.on('unhandledRejection', hear);
  try {
    const trace = onTrace === undefined ? {} : { onTrace };
    const outcome =
      subject === 'zookeeper'
        ? await runEnsembleStory({ seed, ...trace })
        : await runStory({ seed, faultsMs: faultsSeconds * 1000, ...trace });
    // A rejection counts as unhandled only when the turn in which it came is over.
    await new Promise((resolve) => setImmediate(resolve));
    return { ...outcome, broken: [...outcome.broken, ...unhandled] };
  } catch (error) {
    return {
      broken: [...unhandled, `the story ended with ${textOf(error)}`],
      acknowledged: 0,
      virtualMs: 0,
      traceHash: '',
    };
  } finally {
    process.off('unhandledRejection', hear);
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
