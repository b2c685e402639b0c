// Beside the log
// ==============
// Where a run's workspace and provider lie on this machine: needed to resume it here, never part of the record.

import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';

const Beside = z.strictObject({
  /** Absolute: the user's repository. */
  workspace: z.string(),
  /** As it was given: `script:/absolute/file`. */
  provider: z.string(),
  /** Digest of the provider's answers when it was last used; a resume warns when it changed. */
  providerDigest: z.string().nullable(),
});
export type Beside = z.infer<typeof Beside>;

const fileOf = (home: string, run: string): string => join(home, 'beside', `${run}.json`);

/** @throws ExecutorError `workspace.unusable` when the state folder cannot be written. */
export async function remember(home: string, run: string, beside: Beside): Promise<void> {
  const file = fileOf(home, run);
  const fresh = `${file}.${process.pid}.tmp`;
  try {
    await mkdir(join(home, 'beside'), { recursive: true, mode: 0o700 });
    await writeFile(fresh, JSON.stringify(beside), { mode: 0o600 });
    await rename(fresh, file);
  } catch (cause) {
    await rm(fresh, { force: true }).catch(() => {});
    throw new ExecutorError('workspace.unusable', `the state folder ${home} cannot be written: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`, { hint: 'make sure that it can be written and has free space, or name another with AUTOPACK_HOME', cause });
  }
}

/** @returns null when this machine knows nothing of the run. */
export async function recollect(home: string, run: string): Promise<Beside | null> {
  try {
    return Beside.parse(JSON.parse(await readFile(fileOf(home, run), 'utf8')));
  } catch {
    return null;
  }
}
