// On finish
// =========
// A command of the user's that is told how a run ended or where it rests: JSON on its standard input, no shell, no key in its
// environment. What becomes of it changes nothing of the run.

import { spawn } from 'node:child_process';
import { isKeyName } from '#src/domain/command-env.ts';
import { isSecretFree } from '#src/domain/secrets.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { splitCommand } from '#src/plan/quoting.ts';
import type { Environment } from './machine.ts';

const TIMEOUT_MS = 60_000;

/** @throws ExecutorError `usage.invalid` before anything is begun */
export function finishCommand(text: string | undefined, option = '--on-finish'): readonly string[] | null {
  if (text === undefined) return null;
  const split = splitCommand(text);
  if (!split.ok) throw new ExecutorError('usage.invalid', `${option}: ${split.message}`, { hint: `give a command and its arguments, like ${option} 'notify-send autopack', or the path of a script` });
  return split.argv;
}

/** This process's, without what is a key by its name or its value. */
export const withoutKeys = (env: Environment, secrets: readonly string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value === undefined || isKeyName(name) || !isSecretFree(value, secrets) ? [] : [[name, value]])));

/** @returns what went wrong, or null. Its output goes to stderr. */
export function tellFinish(argv: readonly string[], outcome: unknown, { env, secrets }: { env: Environment; secrets: readonly string[] }): Promise<string | null> {
  const [file = '', ...args] = argv;
  return new Promise((resolve) => {
    const child = spawn(file, args, { env: withoutKeys(env, secrets), stdio: ['pipe', 2, 2], detached: true });
    const timer = setTimeout(() => endGroup(child.pid), TIMEOUT_MS);
    const end = (problem: string | null): void => {
      clearTimeout(timer);
      resolve(problem);
    };
    child.once('error', (error: NodeJS.ErrnoException) => end(`${file} cannot be started: ${error.code ?? 'error'}`));
    child.once('exit', (code, signal) => end(code === 0 ? null : `${file} ended with ${signal ?? `exit ${code}`}`));
    child.stdin?.on('error', () => {}); // it may end without reading
    child.stdin?.end(`${JSON.stringify(outcome)}\n`);
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch { /* gone by itself */ }
}
