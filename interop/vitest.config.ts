import { defineConfig } from 'vitest/config';
import { LongestFirst } from './support/longest-first.ts';

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ['suites/*.interop.ts'],
    globalSetup: ['support/setup.ts'],
    root: import.meta.dirname,
    // Suites wait for servers half of their time: two at once.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    testTimeout: 240_000,
    hookTimeout: 240_000,
    reporters: ['verbose'],
  },
});
