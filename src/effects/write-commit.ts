// writeCommit: writes the commit object; its id follows from the log alone.

import { commitMessage } from '#src/domain/commit-message.ts';
import { phaseOf, result, type Handler, type RepositoryHands } from './performing.ts';

export const writeCommit: Handler<'writeCommit', RepositoryHands> = async ({ place, at, params, hands }) => {
  const { phase, tree, parent } = params;
  const { name } = phaseOf(hands, phase);
  const commit = await hands.workspace.commit({ tree, parent, message: commitMessage({ run: place.run, phase, name, seq: place.seq }), atSeconds: Math.floor(at / 1000) });
  return result('commit.written', { commit });
};
