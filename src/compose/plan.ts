import type { BrokerConfig } from '../kafka/broker/config/broker-config.ts';
import type { Problem } from '../wire/problem.ts';
import type { ZooKeeperConfig } from '../zookeeper/server/config/config.ts';
import type { Place, Project, Service } from './model.ts';

/** What `up` runs: each service that gregor serves, with the configuration that its image would have made. */
export interface Plan {
  readonly project: Project;
  /** In the order in which they start. */
  readonly services: readonly PlannedService[];
  readonly notRun: readonly NotRun[];
  readonly notes: readonly Note[];
  /** Errors keep `up` from starting. */
  readonly problems: readonly Problem[];
}

export type PlannedService = PlannedZooKeeper | PlannedBroker;

interface Planned {
  readonly name: string;
  readonly service: Service;
  /** What the image's scripts would have written: zoo.cfg or server.properties. */
  readonly text: GeneratedConfig;
  /** The host's own name on its network, and every other name it answers to. */
  readonly hostname: string;
  readonly aliases: readonly string[];
}

export interface PlannedZooKeeper extends Planned {
  readonly kind: 'zookeeper';
  /** Null when a problem says why not. */
  readonly config: ZooKeeperConfig | null;
  /** What is written to dataDir/myid; null when there is nothing to write. */
  readonly myid: string | null;
}

export interface PlannedBroker extends Planned {
  readonly kind: 'broker';
  /** Null when a problem says why not. */
  readonly config: BrokerConfig | null;
}

/** A properties file, each line of which knows the line of the compose file that it came from. */
export interface GeneratedConfig {
  readonly text: string;
  /** `lines[n - 1]` belongs to line n of `text`. */
  readonly lines: readonly ConfigLine[];
}

export interface ConfigLine {
  readonly key: string;
  /** The variable that set it; null: the image's own default. */
  readonly variable: string | null;
  readonly place: Place;
}

/** Something that needs no change but should not go unsaid. */
export interface Note {
  readonly service: string;
  readonly place: Place;
  readonly text: string;
}

/** A service that gregor leaves out, and why. */
export interface NotRun {
  readonly name: string;
  readonly image: string;
  readonly reason: string;
  readonly place: Place;
}

/** Where a key of the generated configuration was written. */
export function placeOfKey(planned: PlannedService, key: string): Place {
  return planned.text.lines.find((line) => line.key === key)?.place ?? planned.service.place;
}

/** All names by which other services reach this one. */
export function namesOf(planned: PlannedService): string[] {
  return [...new Set([planned.name, planned.hostname, ...planned.aliases])];
}

export function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|::1|ip6-localhost)$/i.test(host);
}
