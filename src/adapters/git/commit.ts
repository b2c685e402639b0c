// Commits
// =======
// The bytes are ours, so that the same log gives the same ids; git only stores them.

import { commitBytes, commitId } from '#src/domain/commit-id.ts';
import { invariant } from '#src/errors/errors.ts';
import type { CommitRequest } from '#src/ports/workspace.ts';
import type { Ours } from './bare.ts';
import { gitLine } from './git.ts';

export async function writeCommit(ours: Ours, request: CommitRequest): Promise<string> {
  const id = await gitLine(['hash-object', '-t', 'commit', '-w', '--stdin'], { ...ours.call, input: commitBytes(request) });
  invariant(id === commitId(request, ours.objectFormat), 'W3', 'git gives a commit another id than we do');
  return id;
}
