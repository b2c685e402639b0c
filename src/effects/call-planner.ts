// callPlanner: asks for a revised description of a phase.

import { parseRevision, revisionSchema } from '#src/domain/answers/revision.ts';
import { callModel, isCalled, recorded } from './model-call.ts';
import { putText, result, type Handler } from './performing.ts';
import { plannerPrompt } from './prompts.ts';

export const callPlanner: Handler<'callPlanner'> = async ({ id, params, signal, hands }) => {
  const { phase, attempt, call, model, outputTokensMax, timeoutMs } = params;
  const prompt = await plannerPrompt(hands, params);
  const called = await callModel(hands, id, { role: 'planner', phase, attempt, call, model, ...prompt, outputTokensMax, timeoutMs, schema: revisionSchema }, signal);
  if (!isCalled(called)) return called;
  const revision = parseRevision(called.text);
  const description = revision === null ? null : await putText(hands.blobs, revision.description);
  return result('revision.answered', { ...recorded(called), description, reason: revision?.reason ?? 'the planner gave no usable description' });
};
