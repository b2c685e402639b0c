// Processes
// =========
// What is measured from outside: a process from its start to its end.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
export const BIN = join(ROOT, 'bin/autopack.js');
export const child = (name: string): string => join(ROOT, 'tests/bench/children', name);

/** @returns milliseconds. @throws when it does not end well. */
export function timed(args: readonly string[]): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'pipe'] });
  const took = performance.now() - start;
  if (status !== 0) throw new Error(`${args.join(' ')} ended ${status}: ${stderr.toString('utf8').slice(0, 500)}`);
  return took;
}
