// callBuilder: asks the builder model for an answer.

import { callModel, isCalled, recorded } from './model-call.ts';
import { formats } from '#src/domain/answers/formats.ts';
import { result, type Handler } from './performing.ts';
import { builderPrompt } from './prompts.ts';

export const callBuilder: Handler<'callBuilder'> = async ({ id, params, signal, hands }) => {
  const { phase, attempt, call, model, mode, outputTokensMax, timeoutMs } = params;
  const prompt = await builderPrompt(hands, params);
  const called = await callModel(hands, id, { role: 'builder', phase, attempt, call, model, ...prompt, outputTokensMax, timeoutMs, schema: formats[mode].schema }, signal);
  return isCalled(called) ? result('builder.answered', { ...recorded(called), stopReason: called.stopReason }) : called;
};
