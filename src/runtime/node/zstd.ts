import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import zlib from 'node:zlib';
import { CodecError } from '../runtime.ts';

/** Zstandard, in one go. */
export interface Zstd {
  compress(data: Buffer): Buffer;
  decompress(data: Buffer, maxBytes: number): Buffer;
}

/** What Node has of its own from 22.15 on; the types are those of 20. */
interface ZlibWithZstd {
  zstdCompressSync?(data: Buffer): Buffer;
  zstdDecompressSync?(data: Buffer, options: { maxOutputLength: number }): Buffer;
}

/** Node's own, where there is one, else the library as WebAssembly, loaded at its first use. */
export function createZstd(): Zstd {
  const { zstdCompressSync, zstdDecompressSync } = zlib as ZlibWithZstd;
  if (zstdCompressSync !== undefined && zstdDecompressSync !== undefined)
    return {
      compress: (data) => zstdCompressSync(data),
      decompress: (data, maxBytes) => zstdDecompressSync(data, { maxOutputLength: Math.max(maxBytes, 1) }),
    };
  let loaded: Zstd | undefined;
  const zstd = (): Zstd => (loaded ??= loadWasmZstd());
  return {
    compress: (data) => zstd().compress(data),
    decompress: (data, maxBytes) => zstd().decompress(data, maxBytes),
  };
}

/** The part of the global that is needed here; Node's types leave it out. */
const { WebAssembly } = globalThis as unknown as {
  WebAssembly: {
    Module: new (binary: Buffer) => object;
    Instance: new (module: object, imports: object) => object;
  };
};

/** The functions of zstd.h as Emscripten exports them; sizes below zero are error codes. */
interface WasmModule {
  instantiateWasm: (imports: object, receive: (instance: object) => unknown) => unknown;
  init(): void;
  HEAPU8: Uint8Array;
  _malloc(size: number): number;
  _free(address: number): void;
  _ZSTD_compressBound(size: number): number;
  _ZSTD_compress(to: number, room: number, from: number, size: number, level: number): number;
  _ZSTD_decompress(to: number, room: number, from: number, size: number): number;
  _ZSTD_isError(size: number): number;
}

const DEFAULT_LEVEL = 3;
const ERROR_ROOM_TOO_SMALL = -70;

/** The package's own `init` waits for a promise; the module itself can be instantiated at once. */
function loadWasmZstd(): Zstd {
  const require = createRequire(import.meta.url);
  const folder = dirname(require.resolve('@bokuweb/zstd-wasm'));
  const { Module: wasm } = require(join(folder, 'zstd.js')) as { Module: WasmModule };
  const binary = readFileSync(join(folder, 'zstd.wasm'));
  wasm.instantiateWasm = (imports, receive) =>
    receive(new WebAssembly.Instance(new WebAssembly.Module(binary), imports));
  wasm.init();
  return {
    compress: (data) => {
      const room = wasm._ZSTD_compressBound(data.length);
      return call(wasm, data, room, (to, from) =>
        wasm._ZSTD_compress(to, room, from, data.length, DEFAULT_LEVEL),
      );
    },
    decompress: (data, maxBytes) => decompress(wasm, data, maxBytes),
  };
}

/** Many writers leave the size of the content out, so the room grows until it is enough or more than is allowed. */
function decompress(wasm: WasmModule, data: Buffer, maxBytes: number): Buffer {
  const announced = contentSize(data);
  if (announced !== null && announced > maxBytes)
    throw new CodecError(`zstd: ${announced} bytes come out where ${maxBytes} are allowed`);
  let room = Math.min(maxBytes, announced ?? Math.max(64 * 1024, 8 * data.length));
  for (;;) {
    const out = call(
      wasm,
      data,
      room,
      (to, from) => wasm._ZSTD_decompress(to, room, from, data.length),
      room < maxBytes,
    );
    if (out !== null) return out;
    room = Math.min(maxBytes, 4 * room);
  }
}

function call(
  wasm: WasmModule,
  data: Buffer,
  room: number,
  run: (to: number, from: number) => number,
): Buffer;
function call(
  wasm: WasmModule,
  data: Buffer,
  room: number,
  run: (to: number, from: number) => number,
  mayRetry: boolean,
): Buffer | null;
function call(
  wasm: WasmModule,
  data: Buffer,
  room: number,
  run: (to: number, from: number) => number,
  mayRetry = false,
): Buffer | null {
  const from = wasm._malloc(data.length + 1);
  const to = wasm._malloc(room + 1);
  try {
    if (from === 0 || to === 0) throw new CodecError(`zstd: no memory for ${room} bytes`);
    wasm.HEAPU8.set(data, from);
    const size = run(to, from);
    if (wasm._ZSTD_isError(size) === 0) return Buffer.from(wasm.HEAPU8.subarray(to, to + size));
    if (mayRetry && size === ERROR_ROOM_TOO_SMALL) return null;
    throw new CodecError(
      size === ERROR_ROOM_TOO_SMALL ? `zstd: more than ${room} bytes come out` : `zstd: bad data (${-size})`,
    );
  } finally {
    wasm._free(to);
    wasm._free(from);
  }
}

/** The size that a frame's head announces (RFC 8878, 3.1.1.1), null when it doesn't. */
function contentSize(data: Buffer): number | null {
  if (data.length < 6 || data.readUInt32LE(0) !== 0xfd2fb528) return null;
  const descriptor = data[4]!;
  const singleSegment = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >> 6;
  if (sizeFlag === 0 && !singleSegment) return null;
  const at = 5 + (singleSegment ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  if (data.length < at + [1, 2, 4, 8][sizeFlag]!) return null;
  if (sizeFlag === 0) return data[at]!;
  if (sizeFlag === 1) return data.readUInt16LE(at) + 256;
  if (sizeFlag === 2) return data.readUInt32LE(at);
  return Number(data.readBigUInt64LE(at));
}
