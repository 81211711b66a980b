import { FileError, type Files, type Runtime, type Timer } from '../../runtime/runtime.ts';
import { TlsError, type KeyStore, type TlsContext } from '../../runtime/tls.ts';
import { SecurityError, type StoreConfig, type TlsConfig } from './config.ts';

/** How often it is looked whether a store changed. */
const LOOK_MS = 1000;

/** The keys and certificates of one kind of ports, read from their files, and anew when those change if that is wanted. */
export class TlsKeys {
  readonly config: TlsConfig;
  private readonly runtime: Runtime;
  private readonly prefix: string;
  private current: TlsContext;
  private seen: string;
  private timer: Timer | null = null;

  /**
   * prefix: of the keys in zoo.cfg, for messages.
   * Throws a SecurityError when a store can't be read or used.
   */
  constructor(runtime: Runtime, config: TlsConfig, prefix: 'ssl.' | 'ssl.quorum.', reload: boolean) {
    this.runtime = runtime;
    this.config = config;
    this.prefix = prefix;
    this.seen = this.stamp();
    this.current = this.read();
    if (reload) this.watch();
  }

  /** For the next handshake. */
  get context(): TlsContext {
    return this.current;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = null;
  }

  private read(): TlsContext {
    const { config, runtime, prefix } = this;
    const keys = this.open('keyStore');
    const trust = config.trustStore.location === '' ? null : this.open('trustStore');
    if (keys.key === null)
      throw new SecurityError(
        'KEY_MISSING',
        `${prefix}keyStore.location: ${config.keyStore.location} has no private key, and a server needs one; name the store that has it`,
      );
    if (trust !== null && trust.trusted.length === 0)
      throw new SecurityError(
        'TRUST_MISSING',
        `${prefix}trustStore.location: ${config.trustStore.location} has no certificate, so nobody could be trusted; name the store that has them`,
      );
    try {
      return runtime.tls.context({
        key: keys.key,
        chain: keys.chain,
        trusted: trust?.trusted ?? [],
        versions: config.versions,
        cipherSuites: config.cipherSuites,
        clientAuth: config.clientAuth,
      });
    } catch (error) {
      if (!(error instanceof TlsError)) throw error;
      throw new SecurityError('TLS_UNUSABLE', `TLS can't be had with ${prefix}*: ${error.message}`, error);
    }
  }

  private open(which: 'keyStore' | 'trustStore'): KeyStore {
    const store = this.config[which];
    const key = `${this.prefix}${which}.location`;
    try {
      const password =
        store.passwordPath === ''
          ? store.password
          : readAll(this.runtime.files, store.passwordPath)
              .toString('utf8')
              .replace(/\r?\n$/, '');
      return this.runtime.tls.openStore(readAll(this.runtime.files, store.location), password);
    } catch (error) {
      if (error instanceof FileError)
        throw new SecurityError('STORE_UNREADABLE', `${key}: ${error.message}`, error);
      if (!(error instanceof TlsError)) throw error;
      throw new SecurityError(
        'STORE_UNREADABLE',
        `${key}: ${store.location} can't be read: ${error.message}`,
        error,
      );
    }
  }

  private watch(): void {
    this.timer = this.runtime.clock.after(LOOK_MS, () => {
      this.watch();
      const stamp = this.stamp();
      if (stamp === this.seen) return;
      this.seen = stamp;
      try {
        this.current = this.read();
        this.runtime.log.info(`the keys and certificates of ${this.prefix}* were read anew`);
      } catch (error) {
        if (!(error instanceof SecurityError)) throw error;
        this.runtime.log.warn(`the old keys and certificates stay in use: ${error.message}`);
      }
    });
  }

  /** Changes with the files. */
  private stamp(): string {
    const { keyStore, trustStore } = this.config;
    return [keyStore, trustStore].map((store) => stampOf(this.runtime.files, store)).join(' ');
  }
}

function stampOf(files: Files, { location }: StoreConfig): string {
  if (location === '') return '';
  try {
    const { modifiedMs, sizeBytes } = files.stat(location);
    return `${modifiedMs}/${sizeBytes}`;
  } catch (error) {
    if (!(error instanceof FileError)) throw error;
    return error.code;
  }
}

/** Throws a FileError. */
export function readAll(files: Files, path: string): Buffer {
  const file = files.open(path, 'read');
  try {
    const bytes = Buffer.alloc(file.size());
    return bytes.subarray(0, file.read(bytes, 0, bytes.length, 0));
  } finally {
    file.close();
  }
}
