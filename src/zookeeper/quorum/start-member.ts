import type { Runtime } from '../../runtime/runtime.ts';
import type { ZooKeeperConfig } from '../server/config/config.ts';
import { DEFAULT_TRACE_MASK, type Server } from '../server/server.ts';
import { ConfigFiles } from './configuration/config-files.ts';
import type { MemberConfig } from '../server/config/server-line.ts';
import { storageConfig } from '../server/config/storage-config.ts';
import { peerNetworks } from '../security/peer-networks.ts';
import { StorageError } from '../storage/storage-error.ts';
import { ZooKeeperStorage } from '../storage/storage.ts';
import { decodeInitial } from './election/messages.ts';
import { History } from './zab/history.ts';
import { Member } from './member.ts';

const LONGEST_MYID_BYTES = 32;

/**
 * Starts a server of an ensemble: recovers its data, opens its ports and looks for the others. Resolves before a leader is found, as
 * that may take as long as the others take to start. Throws what `startZooKeeper` throws.
 */
export async function startMember(
  runtime: Runtime,
  given: ZooKeeperConfig,
  environment: Readonly<Record<string, string>>,
  /** Completes each server that is made, before it serves. */
  equip: (server: Server) => void = () => {},
  /** The text of zoo.cfg. */
  initialConfiguration: string | null = null,
  /** Where zoo.cfg is, which reconfigurations rewrite; null: nowhere. */
  configFile: string | null = null,
): Promise<Member> {
  let started: Member | null = null;
  const files = new ConfigFiles(
    runtime.files,
    runtime.log,
    given.reconfigEnabled ? configFile : null,
    (error) => started?.fail(error),
  );
  const self = readMyid(runtime, given, files);
  const config = withClientPort(given, self);
  const hosts = (): string[] => {
    const members = [...(started?.ensemble.members ?? config.members), ...(started?.proposed?.members ?? [])];
    return members.flatMap(({ addresses }) => addresses.map(({ host }) => host));
  };
  const peers = peerNetworks(
    runtime,
    config.security,
    hosts,
    (gathered) => decodeInitial(gathered)?.bytes ?? null,
  );
  const history = new History(0, config.commitLogCount);
  history.forget();
  const storage = ZooKeeperStorage.open(runtime, storageConfig(config), history.replayed);
  if (history.last !== storage.tree.lastZxid) history.reset(storage.tree.lastZxid);
  const facts = { runtime, config, environment, initialConfiguration, traceMask: DEFAULT_TRACE_MASK };
  const member = new Member(facts, self, files, storage, history, peers, equip);
  started = member;
  try {
    await storage.secure();
    if (storage.lastSnapshot === null) await storage.snapshot();
    await member.start();
    return member;
  } catch (error) {
    await member.stop().catch(() => {});
    throw error;
  }
}

/** The client port stands in zoo.cfg, or in the server's own line. */
function withClientPort(config: ZooKeeperConfig, { id, client }: MemberConfig): ZooKeeperConfig {
  if (config.clientPort >= 0 || config.security.secureClientPort !== null) return config;
  if (client === null)
    throw new StorageError(
      'CLIENT_PORT_MISSING',
      config.dataDir,
      `neither clientPort nor the line of server.${id} says where clients connect; write clientPort=2181 into zoo.cfg`,
    );
  return { ...config, clientPort: client.port, clientPortAddress: client.host };
}

/** Which of the servers this one is. One that only a proposed configuration has may be needed for its quorums. */
function readMyid(runtime: Runtime, config: ZooKeeperConfig, files: ConfigFiles): MemberConfig {
  const path = `${config.dataDir}/myid`;
  const known = config.members.map((member) => member.id).join(', ');
  if (!runtime.files.exists(path))
    throw new StorageError(
      'MYID_MISSING',
      path,
      `${path} is missing, so this server doesn't know which one of the ensemble it is; write its number (${known}) into that file`,
    );
  const file = runtime.files.open(path, 'read');
  const bytes = Buffer.alloc(LONGEST_MYID_BYTES);
  const length = file.read(bytes, 0, bytes.length, 0);
  file.close();
  const text = bytes.toString('latin1', 0, length).trim();
  const id = /^\d+$/.test(text) ? Number(text) : -1;
  const self = config.members.find((member) => member.id === id) ?? files.proposed()?.member(id);
  if (self === undefined && config.configVersion > 0)
    throw new StorageError(
      'SERVER_REMOVED',
      config.dynamicConfigFile,
      `${path} says "${text}", and the last configuration, ${config.dynamicConfigFile}, has no server.${text}: a reconfiguration removed this ` +
        `server. To let it come back write its line, server.${text}=host:2888:3888:participant;2181, into that file, start it, and add it with ` +
        `zkCli's reconfig -add`,
    );
  if (self === undefined)
    throw new StorageError(
      'MYID_WRONG',
      path,
      /^\d+$/.test(text)
        ? `${path} says "${text}", and the configuration has no server.${text}; write one of ${known} into it, or add a line server.${text}=`
        : `${path} ${text === '' ? 'is empty' : `says "${text}", which is no number`}; write the number of this server into it, which is one of ${known}`,
    );
  return self;
}
