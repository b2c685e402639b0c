// A new repository
// ================
// For the example only: `git init` and one commit whose bytes we write, so that equal times give equal ids.

import { commitBytes } from '#src/domain/commit-id.ts';
import { git, gitLine } from './git.ts';

export async function initRepository(folder: string, { message, atSeconds }: { readonly message: string; readonly atSeconds: number }): Promise<void> {
  await git(['init', '--quiet', '--initial-branch=main', '--template=', folder], { cwd: folder });
  const call = { cwd: folder, gitDir: `${folder}/.git`, workTree: folder };
  await git(['add', '--all'], call);
  const tree = await gitLine(['write-tree'], call);
  const commit = await gitLine(['hash-object', '-t', 'commit', '-w', '--stdin'], { ...call, input: commitBytes({ tree, parent: null, message, atSeconds }) });
  await git(['update-ref', 'refs/heads/main', commit], call);
}
