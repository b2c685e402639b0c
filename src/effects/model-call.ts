// One model call
// ==============
// What the handlers of builder, auditors and planner share: begin mark, call, cost, prompt and answer as blobs.

import type { Spent } from '#src/events/inputs.ts';
import type { FailureCode } from './performing.ts';
import { failed, failureMessages, putText, result, type Hands } from './performing.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { FailedCall, ModelRequest, Usage } from '#src/ports/models.ts';
import type { InputEvent } from '#src/record/record.ts';
import type { Ref } from '#src/record/ref.ts';
import { costMicroUsd } from '#src/domain/cost.ts';
import { tokensIn } from '#src/domain/prompt-budget.ts';
import { isSecretFree } from '#src/domain/secrets.ts';

export interface Called {
  readonly text: string;
  readonly stopReason: 'end' | 'max_tokens' | 'refusal';
  readonly prompt: Ref;
  readonly answer: Ref;
  readonly model: string;
  readonly used: Spent;
}

export interface Beginning {
  readonly run: string;
  readonly effect: string;
  /** Of the process. */
  readonly nonce: string;
}

/** Marks durably that a call was begun. @returns true when it had been before; of processes that meet here, one is the first. */
export async function beganBefore(blobs: Blobs, { run, effect, nonce }: Beginning): Promise<boolean> {
  const own = await blobs.put(Buffer.from(nonce, 'utf8'));
  return (await blobs.memo(run, `${effect}#begun`, own)).ref !== own.ref;
}

/** @returns the call's outcome, or the event that stands for a failed or lost one. */
export async function callModel(hands: Hands, id: string, request: ModelRequest, signal: AbortSignal): Promise<Called | InputEvent> {
  // X1: a call that may have been made before and cannot be repeated for free is lost, not repeated in silence.
  if (!hands.models.idempotent && (await hands.begun(id))) return result('model.interrupted', {});
  const prompt = await putText(hands.blobs, `${request.system}\n\n${request.prompt}`);
  const reply = await hands.models.call(request, signal);
  const used = usedBy(hands, request.model, reply.usage ?? worstUsage(request));
  if (!reply.ok) return failedCall(hands, id, reply, used);
  if (!isSecretFree(reply.text, hands.secrets)) return failed('bad_response', { detail: 'it holds what looks like a key', used });
  return { text: reply.text, stopReason: reply.stopReason, prompt, answer: await putText(hands.blobs, reply.text), model: request.model, used };
}

/** Nobody knows what a call cost that was sent and never answered: it counts as all that it may have cost. */
function worstUsage({ system, prompt, outputTokensMax }: ModelRequest): Usage {
  const bytes = Buffer.byteLength(system, 'utf8') + Buffer.byteLength(prompt, 'utf8');
  return { inputTokens: tokensIn(bytes), outputTokens: outputTokensMax, cacheReadTokens: 0, cacheWriteTokens: 0 };
}

const FREE = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

function usedBy({ requested }: Hands, model: string, usage: Usage): Spent {
  const price = requested.policy.prices.find((known) => known.model === model) ?? FREE;
  return { ...usage, costMicroUsd: costMicroUsd(usage, price) };
}

function failedCall(hands: Hands, id: string, reply: FailedCall, used: Spent): InputEvent {
  const { code, message, retryable } = reply.failure;
  hands.log({ effect: id, code, detail: message }, 'a model call failed');
  const known = codeOf(code);
  // An answers file is ours: what it lacks is said in full; a vendor's own words stay in the logger.
  return failed(known, { retryable, used, retryAfterMs: reply.retryAfterMs, ...(known === 'answer_missing' ? { detail: message } : {}) });
}

function codeOf(code: string): FailureCode {
  if (code in failureMessages) return code as FailureCode;
  if (/^http_5\d\d$/.test(code)) return 'http_5xx';
  return /^http_4\d\d$/.test(code) ? 'http_4xx' : 'bad_response';
}

export const isCalled = (outcome: Called | InputEvent): outcome is Called => 'stopReason' in outcome;

/** The fields that every answered call records. */
export const recorded = ({ model, prompt, answer, used }: Called) => ({ model, prompt, answer, ...used });
