// prepareWorkspace: checks the user's repository, marks the base, makes ours.

import { result, type Handler } from './performing.ts';

export const prepareWorkspace: Handler<'prepareWorkspace'> = async ({ run, params, hands }) => {
  const { base, tree, objectFormat, warnings } = await hands.workspace.prepare(run, params.base);
  return result('workspace.prepared', { base, tree, objectFormat, warnings: warnings.slice(0, 40).map((warning) => warning.slice(0, 500)) });
};
