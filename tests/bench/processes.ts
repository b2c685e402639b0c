// Processes
// =========
// What is measured from outside: a process from its start to its end. And those that others are measured against.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
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

export interface Running {
  /** What it said when it was ready. */
  readonly said: string;
  end(): Promise<void>;
}

/** A process that serves until it is ended; it goes with this one at the latest. @param ready what it says then */
export async function running(args: readonly string[], ready: RegExp, env: NodeJS.ProcessEnv = {}): Promise<Running> {
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.on('exit', kill);
  const gone = once(child, 'close');
  let heard = '';
  const said = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => ready.test((heard = `${heard}${text}`.slice(-10_000))) && resolve(heard));
    void gone.then(() => reject(new Error(`${args.join(' ')} ended: ${heard}`)));
  });
  return {
    said,
    async end() {
      kill();
      await gone;
      process.off('exit', kill);
    },
  };
}
