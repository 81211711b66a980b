import type { Runtime } from '../../../runtime/runtime.ts';
import type { LogConfig } from '../log-config.ts';
import { LogSegment } from './segment.ts';

/** A segment that begins at `baseOffset`; with `preallocate` its files have their whole size at once, until it is rolled or closed. */
export function newSegment(
  runtime: Runtime,
  folder: string,
  baseOffset: number,
  config: LogConfig,
): LogSegment {
  const segment = new LogSegment(runtime, folder, baseOffset);
  if (config.preallocate && segment.sizeBytes === 0)
    segment.reserve(config.segmentBytes, config.segmentIndexBytes);
  return segment;
}
