import { compareKafkaVersions } from '../../broker/config/config-key.ts';

/** Which versions of the followers' requests an inter.broker.protocol.version stands for: they aren't negotiated. */
export interface FollowerVersions {
  readonly fetch: number;
  readonly offsetForLeaderEpoch: number;
  readonly listOffsets: number;
}

const fetchVersions: Steps = [
  ['2.3-IV1', 11],
  ['2.1-IV2', 10],
  ['2.0-IV1', 8],
  ['1.1-IV0', 7],
  ['0.11.0-IV1', 5],
];
const epochVersions: Steps = [
  ['2.3-IV1', 3],
  ['2.1-IV1', 2],
  ['2.0-IV0', 1],
  ['0.11.0-IV2', 0],
];
const listOffsetsVersions: Steps = [
  ['2.2-IV1', 5],
  ['2.1-IV1', 4],
  ['2.0-IV1', 3],
  ['0.11.0-IV0', 2],
  ['0.10.1-IV2', 1],
];

type Steps = readonly (readonly [since: string, version: number])[];

export function followerVersions(interBrokerProtocolVersion: string): FollowerVersions {
  const pick = (steps: Steps): number =>
    steps.find(([since]) => compareKafkaVersions(interBrokerProtocolVersion, since) >= 0)?.[1] ?? 0;
  return {
    fetch: pick(fetchVersions),
    offsetForLeaderEpoch: pick(epochVersions),
    listOffsets: pick(listOffsetsVersions),
  };
}
