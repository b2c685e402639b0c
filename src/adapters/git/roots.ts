// Root commits
// ============
// What every clone of a repository shares, whatever its folder and its remotes are called.

import { git } from './git.ts';
import { findRepository } from './repository.ts';

/**
 * @param revision null: of every branch and tag.
 * @returns their ids in order; null of a shallow clone, which does not know where it began.
 * @throws ExecutorError `workspace.unusable`
 */
export async function rootCommits(folder: string, revision: string | null): Promise<string[] | null> {
  const { call, shallow } = await findRepository(folder);
  if (shallow) return null;
  const found = await git(['rev-list', '--max-parents=0', ...(revision === null ? ['--all', 'HEAD'] : [revision]), '--'], call);
  return found.toString('utf8').split('\n').filter((line) => line !== '').sort();
}
