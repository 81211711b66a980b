import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'simulation/**/*.test.ts', 'test/**/*.test.ts'],
    // Longer than what tests wait for themselves, which say what it was.
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
