import type { Files, Log } from '../../../runtime/runtime.ts';
import { readProperties } from '../../../wire/properties.ts';
import type { ZooKeeperConfig } from '../../server/config/config.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { readEnsemble } from './ensemble-text.ts';
import type { Ensemble } from './ensemble.ts';

/** Lines of zoo.cfg that a reconfiguration makes untrue. */
const DYNAMIC = /^(server\.|group|weight|dynamicConfigFile|peerType)/;

/**
 * zoo.cfg and the files beside it that tell the servers, as Apache's keep them: `.dynamic.<version in hex>` is in force, `.dynamic.next`
 * was proposed, `.bak` is zoo.cfg as the administrator wrote it. Without a zoo.cfg nothing is kept.
 */
export class ConfigFiles {
  private readonly files: Files;
  private readonly log: Log;
  private readonly path: string | null;
  private written: Promise<void> = Promise.resolve();

  constructor(files: Files, log: Log, path: string | null) {
    this.files = files;
    this.log = log;
    this.path = path;
  }

  /** Before the first reconfiguration can rewrite it. */
  backUp(): void {
    this.later(async (path) => this.replace(`${path}.bak`, readText(this.files, path)));
  }

  /** What was proposed last and not yet in force when the server ended. */
  proposed(): Ensemble | null {
    if (this.path === null || !this.files.exists(`${this.path}.dynamic.next`)) return null;
    const ensemble = readEnsemble(readText(this.files, `${this.path}.dynamic.next`));
    return typeof ensemble === 'string' ? null : ensemble;
  }

  seen(ensemble: Ensemble): void {
    this.later((path) => this.replace(`${path}.dynamic.next`, ensemble.text));
  }

  /** `keepsClientPort`: the server's own line doesn't tell its client port. */
  activated(ensemble: Ensemble, keepsClientPort: boolean): void {
    this.later(async (path) => {
      const dynamic = `${path}.dynamic.${ensemble.version.toString(16)}`;
      await this.replace(dynamic, [...ensemble.lines].sort().join('\n'));
      const lines = readProperties(readText(this.files, path))
        .filter(({ key }) => !DYNAMIC.test(key) && (keepsClientPort || !key.startsWith('clientPort')))
        .map(({ key, value }) => `${key}=${value.replaceAll('\\', '\\\\')}\n`);
      await this.replace(path, `${lines.join('')}dynamicConfigFile=${dynamic}\n`);
      this.files.remove(`${path}.dynamic.next`);
    });
  }

  /** When all that was asked for is on the disk. */
  async settled(): Promise<void> {
    await this.written;
  }

  private later(work: (path: string) => Promise<void>): void {
    const { path } = this;
    if (path === null) return;
    this.written = this.written
      .then(() => work(path))
      .catch((error: unknown) =>
        this.log.error(`the configuration can't be written beside ${path}: ${String(error)}`),
      );
  }

  private async replace(path: string, text: string): Promise<void> {
    const file = this.files.open(`${path}.tmp`, 'write');
    try {
      file.truncate(0);
      file.write(Buffer.from(text), 0);
      await file.sync();
    } finally {
      file.close();
    }
    this.files.rename(`${path}.tmp`, path);
    await this.files.syncFolder(path.includes('/') ? path.slice(0, path.lastIndexOf('/')) || '/' : '.');
  }
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
  const version = /\.dynamic\.([0-9a-fA-F]{1,16})$/.exec(path);
  return {
    ...config,
    members: ensemble.members,
    hierarchy: ensemble.hierarchy,
    configVersion: version === null ? 0 : parseInt(version[1]!, 16),
  };
}

function readText(files: Files, path: string): string {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(file.size());
    return bytes.toString('utf8', 0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}
