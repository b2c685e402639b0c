import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Only what vitest itself must know; which kinds run when is said by the npm scripts.
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  test: {
    include: ['tests/**/*.test.ts'],
    exclude: ['tests/standalone/**', 'node_modules/**'],
    passWithNoTests: false,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    maxWorkers: 3, // much of the end-to-end tests is waiting: for locks, for deadlines, for processes to end
  },
});
