// callJudge: asks a third model where two auditors disagree. What cannot be read is a null verdict: the chart asks once more.

import { parseVerdict, verdictSchema } from '#src/domain/answers/verdict.ts';
import type { Verdict } from '#src/events/inputs.ts';
import { callModel, isCalled, recorded } from './model-call.ts';
import { result, type Handler } from './performing.ts';
import { judgePrompt } from './prompts.ts';

export const callJudge: Handler<'callJudge'> = async ({ id, params, signal, hands }) => {
  const { phase, attempt, call, model, outputTokensMax, timeoutMs } = params;
  const prompt = await judgePrompt(hands, params);
  const called = await callModel(hands, id, { role: 'judge', phase, attempt, call, model, ...prompt, outputTokensMax, timeoutMs, schema: verdictSchema }, signal);
  if (!isCalled(called)) return called;
  return result('judge.answered', { ...recorded(called), verdict: parseVerdict(called.text) as Verdict | null });
};
