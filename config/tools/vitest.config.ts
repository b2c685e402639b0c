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
    // Every place of a test is a new state folder, where each first start would compile all of the program again.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('../../node_modules/.cache/autopack-code', import.meta.url)) },
    maxWorkers: 3, // much of the end-to-end tests is waiting: for locks, for deadlines, for processes to end
  },
});
