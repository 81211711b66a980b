import { createRequire } from 'node:module';
import type { LibraryHandle } from 'koffi';
import { GssError } from '../../gssapi.ts';

const require = createRequire(import.meta.url);

/** MIT's, of Linux and of the places where macOS keeps it. */
const PLACES = [
  'libgssapi_krb5.so.2',
  '/opt/homebrew/opt/krb5/lib/libgssapi_krb5.dylib',
  '/usr/local/opt/krb5/lib/libgssapi_krb5.dylib',
];
const PLACES_KRB5 = ['libkrb5.so.3', ...PLACES.slice(1).map((place) => place.replace('gssapi_', ''))];

/** A thing of the library's: a name, a credential, a context. 0n: none. */
export type Handle = bigint;

/** A function that may run on a thread of its own. */
export interface Native<Args extends unknown[]> {
  (...args: Args): number;
  async(...args: [...Args, (error: Error | null, major: number) => void]): void;
}

export type Out<T> = [T];
export interface GssBuffer {
  length: number;
  value: Buffer | Handle | null;
}
export interface GssOid {
  readonly length: number;
  readonly elements: Buffer;
}
interface CredStore {
  readonly count: number;
  readonly elements: readonly { readonly key: string; readonly value: string }[];
}

/** Those functions of the GSS-API that are needed here. `gss.ts` adds what is always the same. */
export interface GssLibrary {
  importName: Native<[minor: Out<number>, name: GssBuffer, type: GssOid, name: Out<Handle>]>;
  displayName: Native<[Out<number>, Handle, out: GssBuffer, type: null]>;
  releaseName: Native<[Out<number>, Out<Handle>]>;
  releaseBuffer: Native<[Out<number>, GssBuffer]>;
  displayStatus: Native<
    [Out<number>, status: number, kind: number, GssOid, more: Out<number>, out: GssBuffer]
  >;
  acquireCred: Native<
    [Out<number>, name: Handle | null, timeS: number, null, usage: number, CredStore, Out<Handle>, null, null]
  >;
  releaseCred: Native<[Out<number>, Out<Handle>]>;
  initContext: Native<
    [
      Out<number>,
      cred: Handle,
      context: Out<Handle>,
      target: Handle,
      GssOid,
      flags: number,
      timeS: number,
      bindings: null,
      input: GssBuffer | null,
      mechanism: null,
      output: GssBuffer,
      flags: null,
      timeS: null,
    ]
  >;
  acceptContext: Native<
    [
      Out<number>,
      context: Out<Handle>,
      cred: Handle,
      input: GssBuffer,
      bindings: null,
      source: Out<Handle>,
      mechanism: null,
      output: GssBuffer,
      flags: null,
      timeS: null,
      delegated: null,
    ]
  >;
  deleteContext: Native<[Out<number>, Out<Handle>, output: null]>;
  wrap: Native<
    [Out<number>, Handle, isSecret: number, quality: number, GssBuffer, isSecret: null, GssBuffer]
  >;
  unwrap: Native<[Out<number>, Handle, GssBuffer, GssBuffer, isSecret: null, quality: null]>;
  /** A copy of what lies at `address`. */
  bytesAt(address: Handle, length: number): Buffer;
  /** '' when there is none. */
  defaultRealm(): string;
}

/** Throws a GssError that says what to install. */
export function loadGssLibrary(): GssLibrary {
  const koffi = loadKoffi();
  const gss = loadFirst(koffi, PLACES);
  koffi.struct('gss_buffer', { length: 'size_t', value: 'void *' });
  koffi.struct('gss_oid', { length: 'uint32_t', elements: 'void *' });
  koffi.struct('gss_key_value', { key: 'str', value: 'str' });
  koffi.struct('gss_cred_store', { count: 'uint32_t', elements: 'gss_key_value *' });
  const declare = <F>(parameters: string): F => {
    const [name = '', ...rest] = parameters.split(' ');
    // Its types are those of the declaration, which the compiler can't read.
    return gss.func(`uint32_t ${name}(_Out_ uint32_t *, ${rest.join(' ')})`) as F;
  };
  return {
    importName: declare('gss_import_name gss_buffer *, gss_oid *, _Out_ void **'),
    displayName: declare('gss_display_name void *, _Out_ gss_buffer *, void *'),
    releaseName: declare('gss_release_name _Inout_ void **'),
    releaseBuffer: declare('gss_release_buffer _Inout_ gss_buffer *'),
    displayStatus: declare(
      'gss_display_status uint32_t, int, gss_oid *, _Inout_ uint32_t *, _Out_ gss_buffer *',
    ),
    acquireCred: declare(
      'gss_acquire_cred_from void *, uint32_t, void *, int, gss_cred_store *, _Out_ void **, void *, void *',
    ),
    releaseCred: declare('gss_release_cred _Inout_ void **'),
    initContext: declare(
      'gss_init_sec_context void *, _Inout_ void **, void *, gss_oid *, uint32_t, uint32_t, void *, gss_buffer *, void *, _Out_ gss_buffer *, void *, void *',
    ),
    acceptContext: declare(
      'gss_accept_sec_context _Inout_ void **, void *, gss_buffer *, void *, _Out_ void **, void *, _Out_ gss_buffer *, void *, void *, void *',
    ),
    deleteContext: declare('gss_delete_sec_context _Inout_ void **, void *'),
    wrap: declare('gss_wrap void *, int, uint32_t, gss_buffer *, void *, _Out_ gss_buffer *'),
    unwrap: declare('gss_unwrap void *, gss_buffer *, _Out_ gss_buffer *, void *, void *'),
    bytesAt: (address, length) => Buffer.copyBytesFrom(new Uint8Array(koffi.view(address, length))),
    defaultRealm: () => defaultRealm(koffi),
  };
}

type Koffi = typeof import('koffi');

function loadKoffi(): Koffi {
  try {
    return require('koffi') as Koffi;
  } catch (error) {
    throw new GssError(
      'Kerberos needs the package koffi, which is not installed beside gregor: run "npm install koffi@3" where gregor is installed ("npm install -g koffi@3" if that was with -g)',
      error,
    );
  }
}

function loadFirst(koffi: Koffi, places: readonly string[]): LibraryHandle {
  let cause: unknown;
  for (const place of places)
    try {
      return koffi.load(place);
    } catch (error) {
      cause ??= error;
    }
  throw new GssError(
    `Kerberos needs the library ${places[0]} of MIT's, which is not on this machine: install libgssapi-krb5-2 (Debian), krb5-libs (Fedora, Alpine) or krb5 (Homebrew)`,
    cause,
  );
}

function defaultRealm(koffi: Koffi): string {
  const krb5 = loadFirst(koffi, PLACES_KRB5);
  const context: Out<Handle> = [0n];
  if (krb5.func('int krb5_init_context(_Out_ void **)')(context) !== 0) return '';
  const realm: Out<Handle> = [0n];
  const failed = krb5.func('int krb5_get_default_realm(void *, _Out_ void **)')(context[0], realm) !== 0;
  const name = failed ? '' : koffi.decode.string(realm[0]);
  if (!failed) krb5.func('void krb5_free_default_realm(void *, void *)')(context[0], realm[0]);
  krb5.func('void krb5_free_context(void *)')(context[0]);
  return name;
}
