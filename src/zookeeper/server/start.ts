import { FileError, type Endpoint, type Runtime } from '../../runtime/runtime.ts';
import { withDynamicFile } from '../quorum/configuration/config-files.ts';
import { startMember } from '../quorum/start-member.ts';
import { explainDiskFailure } from '../storage/disk-failure.ts';
import { ZooKeeperStorage } from '../storage/storage.ts';
import { AuditLog } from '../security/audit.ts';
import { ClientPorts } from '../security/client-ports.ts';
import { Logins } from '../security/sasl/logins.ts';
import { saslForClients } from '../security/sasl/mechanisms.ts';
import { startAdmin } from './admin/admin.ts';
import { PROMETHEUS_PROVIDER, type ZooKeeperConfig } from './config/config.ts';
import type { ProcessFacts } from './metrics/process-facts.ts';
import { startPrometheus } from './metrics/prometheus.ts';
import { standaloneRole } from './role.ts';
import { Server } from './server.ts';
import { storageConfig } from './config/storage-config.ts';

export interface ZooKeeperServer {
  /** Where clients connect. */
  readonly endpoint: Endpoint;
  /** The port for TLS alone; null: there is none. */
  readonly secureEndpoint: Endpoint | null;
  /** Rejects when the server ended by itself, because its disk failed. Never resolves. */
  readonly failure: Promise<never>;
  /** Closes connections and files; sessions live on for the next start. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** What `envi` tells of the machine, under Java's names (`os.name`, `user.dir`, …). */
  readonly environment?: Readonly<Record<string, string>>;
  /** The text of zoo.cfg, which the admin server shows. */
  readonly initialConfiguration?: string;
  /** Where zoo.cfg is: reconfigurations rewrite it. */
  readonly configFile?: string;
  readonly processFacts?: () => ProcessFacts | null;
}

/**
 * Starts a server: recovers its data, then listens. With several server lines it is one of an ensemble, and serves clients as soon as
 * there is a leader. Throws a StorageError when the data can't be read or the disk fails, a FileError when the folders can't be used, a
 * NetworkError when a client port can't be had, a SecurityError when keys or credentials can't be used. The admin and metrics ports are a
 * convenience: when they are taken, the log says so and the server runs without them.
 */
export async function startZooKeeper(
  runtime: Runtime,
  given: ZooKeeperConfig,
  options: StartOptions = {},
): Promise<ZooKeeperServer> {
  try {
    return await start(runtime, withDynamicFile(runtime.files, given), options);
  } catch (error) {
    throw explainDiskFailure(error);
  }
}

async function start(
  runtime: Runtime,
  config: ZooKeeperConfig,
  options: StartOptions,
): Promise<ZooKeeperServer> {
  if (!config.dataDirAutocreate)
    for (const folder of [config.dataDir, config.dataLogDir])
      if (!runtime.files.exists(folder))
        throw new FileError(
          'ENOENT',
          folder,
          `${folder} is missing, and datadir.autocreate=false forbids to make it`,
        );
  const { security } = config;
  const initialConfiguration = withoutPasswords(options.initialConfiguration ?? null);
  const logins = security.jaasFile === '' ? null : new Logins(runtime.files, security.jaasFile);
  const saslServers = logins === null ? null : saslForClients(runtime, logins, security);
  const user = options.environment?.['user.name'] ?? '';
  const audit = security.audit ? new AuditLog(runtime, config.dataDir, user) : null;
  const equip = (server: Server): void => {
    server.audit = audit;
    server.saslServers = saslServers;
    server.initialConfiguration = initialConfiguration;
    server.processFacts = options.processFacts ?? server.processFacts;
  };
  if (config.members.length > 1 || (config.members.length > 0 && !config.standaloneEnabled)) {
    const member = await startMember(
      runtime,
      config,
      options.environment ?? {},
      equip,
      initialConfiguration,
      options.configFile ?? null,
    );
    audit?.started();
    return {
      endpoint: { host: config.clientPortAddress, port: member.clientPort },
      secureEndpoint: member.secureEndpoint,
      failure: member.failure,
      async stop() {
        await member.stop();
        audit?.stopped();
      },
    };
  }
  const begunAtMs = runtime.clock.monotonicMs();
  const storage = ZooKeeperStorage.open(runtime, storageConfig(config));
  const server = new Server(runtime, config, storage, options.environment ?? {}, standaloneRole);
  equip(server);
  server.metrics.recoveryTime.add(runtime.clock.monotonicMs() - begunAtMs);
  const closers: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.splice(0)) await close();
    server.stop();
    await storage.close();
    audit?.stopped();
  };
  server.failure.catch(stop).catch(() => {});
  try {
    await storage.secure();
    // As Apache does: without one, a later start couldn't tell a young server from one whose snapshots are lost.
    if (storage.lastSnapshot === null) await storage.snapshot();
    const ports = await ClientPorts.open(runtime, config, (connection, tls) =>
      server.accept(connection, tls),
    );
    closers.push(() => ports.close());
    server.clientPort = ports.endpoint.port;
    server.secureClientPort = ports.secureEndpoint?.port ?? -1;
    if (config.adminEnabled) closers.push(await startAdmin(server, () => server));
    if (config.metricsProvider === PROMETHEUS_PROVIDER) closers.push(await startPrometheus(server));
    runtime.log.info(
      `ZooKeeper serves clients on ${ports.sentence}, ${storage.tree.nodeCount} znodes up to zxid 0x${storage.lastZxid.toString(16)}`,
    );
    audit?.started();
    return { endpoint: ports.endpoint, secureEndpoint: ports.secureEndpoint, failure: server.failure, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Administrators may read the rest. */
function withoutPasswords(text: string | null): string | null {
  return text?.replace(/^(\s*[\w.]*password\s*[=:]).*$/gim, '$1***') ?? null;
}
