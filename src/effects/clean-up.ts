// cleanUp: removes what the run left on this machine.

import { result, type Handler } from './performing.ts';

export const cleanUp: Handler<'cleanUp'> = async ({ run, params, hands }) => {
  await hands.processes.endLeftovers(`${run}/`);
  await hands.workspace.clean(run, params.success);
  return result('workspace.cleaned', {});
};
