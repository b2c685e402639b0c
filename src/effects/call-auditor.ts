// callAuditor: asks one auditor for a verdict. What cannot be read is a null verdict: the chart asks once more.

import { parseVerdict, verdictSchema } from '#src/domain/answers/verdict.ts';
import type { Verdict } from '#src/events/inputs.ts';
import { callModel, isCalled, recorded } from './model-call.ts';
import { result, type Handler } from './performing.ts';
import { auditorPrompt } from './prompts.ts';

export const callAuditor: Handler<'callAuditor'> = async ({ id, params, signal, hands }) => {
  const { role, phase, attempt, call, model, outputTokensMax, timeoutMs } = params;
  const prompt = await auditorPrompt(hands, params);
  const called = await callModel(hands, id, { role, phase, attempt, call, model, ...prompt, outputTokensMax, timeoutMs, schema: verdictSchema }, signal);
  if (!isCalled(called)) return called;
  return result('audit.answered', { ...recorded(called), verdict: parseVerdict(called.text) as Verdict | null });
};
