// Bundles the command into dist/: one small entry, each command a chunk of its own that loads when it is called. Dependencies in
// plain JavaScript are bundled, too, which halves the time until `gregor up` can begin; native ones and those with workers are not.
import { build } from 'esbuild';
import { rmSync } from 'node:fs';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { gregor: 'src/cli/main.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  external: ['@bokuweb/zstd-wasm', '@node-rs/crc32', 'koffi', 'lz4-napi', 'pino', 'snappy'],
  // What is bundled of the CommonJS kind asks for Node's modules with require.
  banner: {
    js: "import { createRequire as createBundleRequire } from 'node:module'; const require = createBundleRequire(import.meta.url);",
  },
  sourcemap: true,
  logLevel: 'warning',
});
