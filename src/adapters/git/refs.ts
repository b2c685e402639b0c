// Moving refs
// ===========
// The refs of a run have one writer, its holder, and what a dead holder left was ended before. So a lock that stands
// beside one of them and does not change is of a git that was killed, and nobody will ever take it away but us.

import { rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GitCall, runGit } from './git.ts';

export interface RefChange {
  /** Where the lock of the ref would lie: the repository's common folder. */
  readonly gitDir: string;
  readonly ref: string;
  /** Null removes it. */
  readonly to: string | null;
  /** What it must be now; null: it must not be there. Without it anything is overwritten. */
  readonly from?: string | null;
}

/** Git holds such a lock for milliseconds; between two looks at a living one it is another. */
const FORGOTTEN_MS = 1500;

/** @returns false when the ref is not as expected, is locked by somebody living, or cannot be written. */
export async function moveRef(change: RefChange, call: GitCall): Promise<boolean> {
  if ((await runGit(argsOf(change), call)).code === 0) return true;
  const lock = path.join(change.gitDir, `${change.ref}.lock`);
  if (!(await isForgotten(lock))) return false;
  await rm(lock, { force: true });
  return (await runGit(argsOf(change), call)).code === 0;
}

function argsOf({ ref, to, from }: RefChange): string[] {
  if (to === null) return ['update-ref', '--no-deref', '-d', ref, ...(from == null ? [] : [from])];
  return ['update-ref', '--no-deref', ref, to, ...(from === undefined ? [] : [from ?? '0'.repeat(to.length)])];
}

async function isForgotten(lock: string): Promise<boolean> {
  const look = async (): Promise<string | null> => stat(lock).then(({ ino, mtimeMs }) => `${ino} ${mtimeMs}`, () => null);
  const before = await look();
  if (before === null) return false;
  await sleep(FORGOTTEN_MS);
  return before === (await look());
}
