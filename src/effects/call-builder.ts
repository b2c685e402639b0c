// callBuilder: asks the builder model for an answer, or for the rest of one that was cut.

import { callModel, isCalled, recorded } from './model-call.ts';
import { remainingOf, type Whole } from '#src/domain/answers/continuation.ts';
import { formats } from '#src/domain/answers/formats.ts';
import { getText, partOf, result, type Handler, type Hands, type Performing } from './performing.ts';
import { builderPrompt, continuationPrompt } from './prompts.ts';

export const callBuilder: Handler<'callBuilder'> = async ({ id, params, signal, hands }) => {
  const { phase, attempt, call, model, mode, outputTokensMax, timeoutMs } = params;
  const { system, prompt } = await builderPrompt(hands, params, await getText(hands.blobs, params.context));
  const asked = { system, prompt: (await continued(hands, params)) + prompt };
  const called = await callModel(hands, id, { role: 'builder', phase, attempt, call, model, ...asked, outputTokensMax, timeoutMs, schema: formats[mode].schema }, signal);
  if (!isCalled(called)) return called;
  const isCut = called.stopReason === 'max_tokens' && params.partial === null;
  return result('builder.answered', { ...recorded(called), stopReason: called.stopReason, continuable: isCut && restOf(hands, params, called.text) !== null });
};

type Params = Performing<'callBuilder'>['params'];

/** What of a cut answer is whole and what is missing; null where one of them is not known. */
function restOf(hands: Hands, { phase, batch, mode }: Pick<Params, 'phase' | 'batch' | 'mode'>, cut: string): { readonly whole: Whole; readonly remaining: readonly string[] } | null {
  const whole = formats[mode].continuation?.whole(cut) ?? null;
  const remaining = whole === null ? [] : remainingOf(partOf(hands, { phase, batch }).deliverables, whole.paths);
  return whole === null || remaining.length === 0 ? null : { whole, remaining };
}

async function continued(hands: Hands, params: Params): Promise<string> {
  const rest = params.partial === null ? null : restOf(hands, params, await getText(hands.blobs, params.partial));
  return rest === null ? '' : continuationPrompt(hands, rest.whole.paths, rest.remaining);
}
