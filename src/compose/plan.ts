import type { Problem } from '../wire/problem.ts';
import type { Dependency, Mount, Place, Port, Project, Service } from './model.ts';

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

export interface PlannedService {
  readonly name: string;
  readonly kind: 'zookeeper' | 'broker';
  readonly service: Service;
  /** What the image's scripts would have written: zoo.cfg or server.properties. */
  readonly config: GeneratedConfig;
  /** ZooKeeper: what is written to dataDir/myid; null when there is nothing to write. */
  readonly myid: string | null;
  /** The host's own name on its network, then every other name it answers to. */
  readonly hostname: string;
  readonly aliases: readonly string[];
  readonly ports: readonly Port[];
  readonly mounts: readonly Mount[];
  readonly dependsOn: readonly Dependency[];
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
