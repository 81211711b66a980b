import { FileError, type Files, type Log } from '../../../runtime/runtime.ts';
import { readProperties } from '../../../wire/properties.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { readEnsemble } from './ensemble-text.ts';
import type { Ensemble } from './ensemble.ts';
import { readText, removeText, replaceText } from './text-file.ts';

/** Lines of zoo.cfg that a reconfiguration makes untrue. */
const DYNAMIC = /^(server\.|group|weight|dynamicConfigFile|peerType)/;
const DYNAMIC_FILE = 'dynamicConfigFile';
/** The administrator keeps the folder from being written: then what reconfigurations lead to lasts until the next start. */
const MAY_NOT_WRITE = new Set(['EROFS', 'EACCES', 'EPERM']);

/**
 * zoo.cfg and the files beside it that tell the servers, as Apache's keep them: `.dynamic.<version in hex>` is in force, `.dynamic.next`
 * was proposed, `.bak` is zoo.cfg as the administrator wrote it. Without a zoo.cfg nothing is kept.
 */
export class ConfigFiles {
  private readonly files: Files;
  private readonly log: Log;
  private readonly path: string | null;
  private written: Promise<void> = Promise.resolve();
  private pending = 0;
  private readonly failed: (error: unknown) => void;

  /** `failed`: the disk fails, and the server must end: what it has in its log and doesn't know of could be lost. */
  constructor(files: Files, log: Log, path: string | null, failed: (error: unknown) => void) {
    this.files = files;
    this.log = log;
    this.path = path;
    this.failed = failed;
  }

  /** Before the first reconfiguration can rewrite it. */
  backUp(): void {
    this.later(async (path) => replaceText(this.files, `${path}.bak`, readText(this.files, path)));
  }

  /** What was proposed last and not yet in force when the server ended. */
  proposed(): Ensemble | null {
    if (this.path === null || !this.files.exists(`${this.path}.dynamic.next`)) return null;
    const ensemble = readEnsemble(readText(this.files, `${this.path}.dynamic.next`));
    return typeof ensemble === 'string' ? null : ensemble;
  }

  seen(ensemble: Ensemble): void {
    this.later((path) => replaceText(this.files, `${path}.dynamic.next`, ensemble.text));
  }

  /** What was proposed last never came about. */
  withdrawn(): void {
    this.later((path) => removeText(this.files, `${path}.dynamic.next`));
  }

  /** `keepsClientPort`: the server's own line doesn't tell its client port; `keepsProposed`: a later one is proposed still. */
  activated(ensemble: Ensemble, keepsClientPort: boolean, keepsProposed = false): void {
    this.later(async (path) => {
      const dynamic = `${path}.dynamic.${ensemble.version.toString(16)}`;
      await replaceText(this.files, dynamic, [...ensemble.lines].sort().join('\n'));
      await replaceText(this.files, path, pointingTo(dynamic, readText(this.files, path), keepsClientPort));
      if (!keepsProposed) await removeText(this.files, `${path}.dynamic.next`);
    });
  }

  /** Until all that was asked for is on the disk; null: it is. */
  get writing(): Promise<void> | null {
    return this.pending === 0 ? null : this.written;
  }

  private later(work: (path: string) => Promise<void>): void {
    const { path } = this;
    if (path === null) return;
    this.pending += 1;
    this.written = this.written
      .then(() => work(path))
      .catch((error: unknown) => {
        if (!(error instanceof FileError) || !MAY_NOT_WRITE.has(error.code)) throw error;
        this.log.error(`the configuration can't be written beside ${path}: ${error.message}`);
      })
      .finally(() => {
        this.pending -= 1;
      });
    this.written.catch(this.failed);
  }
}

/**
 * zoo.cfg of a server for which it is made anew at each start, as the scripts of an image do: `made`, with the servers that
 * reconfigurations led to. Those count until `made` tells others than it did before them. The text stands in the file then.
 */
export async function regenerateConfig(files: Files, path: string, made: string): Promise<string> {
  const text = files.exists(path) ? reconfigured(files, path, made) : made;
  files.makeFolder(path.slice(0, path.lastIndexOf('/')));
  await replaceText(files, path, text);
  return text;
}

function reconfigured(files: Files, path: string, made: string): string {
  const before = readProperties(readText(files, path));
  const dynamic = before.find(({ key }) => key === DYNAMIC_FILE)?.value;
  if (dynamic === undefined || !files.exists(dynamic) || !files.exists(`${path}.bak`)) return made;
  if (serversOf(readText(files, `${path}.bak`)) !== serversOf(made)) return made;
  return pointingTo(
    dynamic,
    made,
    before.some(({ key }) => key === 'clientPort'),
  );
}

function serversOf(text: string): string {
  const lines = readProperties(text).filter(({ key }) => DYNAMIC.test(key));
  return lines.map(({ key, value }) => `${key}=${value.trim()}`).join('\n');
}

/** zoo.cfg with the file that tells the servers in the place of their lines. */
function pointingTo(dynamic: string, text: string, keepsClientPort: boolean): string {
  const lines = readProperties(text)
    .filter(({ key }) => !DYNAMIC.test(key) && (keepsClientPort || !key.startsWith('clientPort')))
    .map(({ key, value }) => `${key}=${value.replaceAll('\\', '\\\\')}\n`);
  return `${lines.join('')}${DYNAMIC_FILE}=${dynamic}\n`;
}

/** The configuration with what its dynamicConfigFile says. Throws a StorageError. */
export function withDynamicFile(files: Files, config: ZooKeeperConfig): ZooKeeperConfig {
  const path = config.dynamicConfigFile;
  if (path === '') return config;
  const fail = (what: string): never => {
    throw new StorageError('DYNAMIC_CONFIG_WRONG', path, `${path}, which dynamicConfigFile names, ${what}`);
  };
  if (!files.exists(path)) return fail('is missing; write the server lines into it, or remove the key');
  const text = readText(files, path);
  if (/^\s*version\s*=/m.test(text)) fail('has a version line; its version is the end of its name');
  const ensemble = readEnsemble(text);
  if (typeof ensemble === 'string') return fail(`can't be read: ${ensemble}`);
  if (!config.multiAddressEnabled && ensemble.members.some(({ addresses }) => addresses.length > 1))
    return fail('gives a server several addresses, for which zoo.cfg must have multiAddress.enabled=true');
  const version = /\.dynamic\.([0-9a-fA-F]{1,16})$/.exec(path);
  return {
    ...config,
    members: ensemble.members,
    hierarchy: ensemble.hierarchy,
    configVersion: version === null ? 0 : parseInt(version[1]!, 16),
  };
}
