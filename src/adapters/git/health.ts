// Health of git
// =============
// What `doctor` asks about git and a user's repository. Reads only; makes nothing.

import { git } from './git.ts';
import { findRepository, refuseUnsuitable, resolveBase, uncommitted } from './repository.ts';

/** Like `2.39.5`. @throws ExecutorError `workspace.unusable` where git cannot be started */
export async function gitVersion(): Promise<string> {
  return /\d+(?:\.\d+)+/.exec((await git(['--version'], { cwd: '/' })).toString('utf8'))?.[0] ?? '0';
}

export interface RepositoryHealth {
  /** Commit that a run would start from. */
  readonly base: string;
  /** Files that a run would not see. */
  readonly uncommitted: number;
}

/** @throws ExecutorError `workspace.unusable`, as a run would. */
export async function repositoryHealth(folder: string): Promise<RepositoryHealth> {
  const theirs = await findRepository(folder);
  await refuseUnsuitable(theirs);
  return { base: await resolveBase(theirs, null), uncommitted: (await uncommitted(theirs)).length };
}
