import { api } from '../api.ts';
import { array, bool, int16, int32, int64, nullable, string, struct } from '../schema.ts';

/**
 * DescribeLogDirs (35): log directories of a broker, and the sizes of the partitions in them (KIP-113).
 *
 * - v1: throttled answers are sent before the wait (KIP-219).
 * - v2: flexible.
 * - v3: response: errorCode; an error for the whole answer.
 * - v4: response: totalBytes and usableBytes; size of the disk (KIP-827).
 */
export const describeLogDirs = api({
  key: 35,
  name: 'DescribeLogDirs',
  versions: [0, 4],
  flexible: 2,
  request: {
    topics: nullable(
      array(
        struct({
          topic: string(),
          partitions: array(int32()),
        }),
      ),
    ),
  },
  response: {
    throttleTimeMs: int32(),
    errorCode: int16({ since: 3, ignorable: true }),
    results: array(
      struct({
        errorCode: int16(),
        logDir: string(),
        topics: array(
          struct({
            name: string(),
            partitions: array(
              struct({
                partitionIndex: int32(),
                partitionSize: int64(),
                offsetLag: int64(),
                isFutureKey: bool(),
              }),
            ),
          }),
        ),
        totalBytes: int64({ since: 4, default: -1, ignorable: true }),
        usableBytes: int64({ since: 4, default: -1, ignorable: true }),
      }),
    ),
  },
});
