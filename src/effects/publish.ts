// publish: moves the run's branch in the user's repository to the log's head. A refusal is told, never an outcome.

import { result, type Handler } from './performing.ts';

export const publish: Handler<'publish'> = async ({ run, params, hands }) => {
  const published = await hands.workspace.publish(run, params.commit);
  return result('workspace.published', { commit: params.commit, refused: published.ok ? null : published.reason.slice(0, 500) });
};
