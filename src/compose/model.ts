/**
 * A compose project as gregor understands it: after interpolation, `extends`, merges of several files and profiles. Everything
 * knows where it was written, so that whatever goes wrong later can point at the line.
 */

/** Where something is written. Lines count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

export interface Project {
  readonly name: string;
  /** The first compose file, as the user named it. */
  readonly file: string;
  /** The folder that relative paths start from; absolute. */
  readonly folder: string;
  /** In the order of the file; those of profiles that are off are left out. */
  readonly services: readonly Service[];
  readonly networks: ReadonlyMap<string, Place>;
  readonly volumes: ReadonlyMap<string, Place>;
}

export interface Service {
  readonly name: string;
  readonly place: Place;
  readonly image: Placed<string> | null;
  readonly containerName: Placed<string> | null;
  readonly hostname: Placed<string> | null;
  readonly command: Placed<string> | null;
  readonly entrypoint: Placed<string> | null;
  readonly environment: ReadonlyMap<string, Placed<string>>;
  readonly ports: readonly Port[];
  readonly volumes: readonly Mount[];
  readonly dependsOn: readonly Dependency[];
  readonly networks: readonly ServiceNetwork[];
  readonly networkMode: Placed<string> | null;
  /** Services under names that this one alone gives them (`links: ["zookeeper:zk"]`). */
  readonly links: readonly Link[];
  /** Names and their addresses for this service alone; `host-gateway` is the machine. */
  readonly extraHosts: ReadonlyMap<string, string>;
  readonly healthcheck: Place | null;
  /** `configs` and `secrets` of Swarm, which nobody puts into services here. */
  readonly ignored: readonly Ignored[];
}

export interface Ignored {
  readonly key: string;
  readonly names: readonly string[];
  readonly place: Place;
}

export interface Placed<T> {
  readonly value: T;
  readonly place: Place;
}

export interface Port {
  /** `''`: the file names no address. */
  readonly hostAddress: string;
  /** 0: any free port. */
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: 'tcp' | 'udp';
  readonly place: Place;
}

export interface Mount {
  readonly kind: 'bind' | 'volume' | 'anonymous' | 'tmpfs';
  /** bind: an absolute path of the machine; volume: its name; else `''`. */
  readonly source: string;
  /** The path in the container. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly place: Place;
}

export interface Dependency {
  readonly service: string;
  readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  readonly required: boolean;
  readonly place: Place;
}

export interface Link {
  readonly service: string;
  readonly alias: string;
  readonly place: Place;
}

export interface ServiceNetwork {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly place: Place;
}
