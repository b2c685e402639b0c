// Performing
// ==========
// What every handler is handed, and how it answers: one result, as an event. A handler never decides.
//
//   X1. A handler is idempotent by effect id, or says that it was interrupted.
//   X2. What goes wrong in the world is a result; its code and message come from our catalogue, the system's own
//       text goes to the logger.
//   X3. A handler ends soon after `signal` aborts.

import type { EffectParams, EffectType } from '#src/events/effects.ts';
import type { InputData, InputType, Spent } from '#src/events/inputs.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { Models } from '#src/ports/models.ts';
import type { Processes } from '#src/ports/processes.ts';
import type { Workspace } from '#src/ports/workspace.ts';
import type { InputEvent, Place } from '#src/record/record.ts';
import type { Ref } from '#src/record/ref.ts';
import { ExecutorError } from '#src/errors/errors.ts';

export type Requested = InputData<'run.requested'>;

/** What a handler may use. Nothing else is at hand. */
export interface Hands {
  readonly workspace: Workspace;
  readonly processes: Processes;
  readonly models: Models;
  readonly blobs: Blobs;
  readonly requested: Requested;
  /** Template name -> text. */
  readonly prompts: ReadonlyMap<string, string>;
  /** Values of this machine's keys: none ever enters a prompt, a record or a log. */
  readonly secrets: readonly string[];
  /** PATH for setup and tests. */
  readonly searchPath: string;
  /** Marks that a call was begun, durable; answers whether it had been before. */
  begun(effect: string): Promise<boolean>;
  log(fields: Record<string, unknown>, message: string): void;
}

/** What is enough to make trees and commits. */
export type RepositoryHands = Pick<Hands, 'workspace' | 'blobs' | 'requested'>;

export interface Performing<T extends EffectType, H = Hands> {
  readonly run: string;
  readonly id: string;
  /** The record that asked: an ancestor's, where a fork began with the effect open. */
  readonly place: Place;
  /** Milliseconds of the record that asked. */
  readonly at: number;
  readonly params: EffectParams<T>;
  readonly signal: AbortSignal;
  readonly hands: H;
}

export type Handler<T extends EffectType, H = Hands> = (performing: Performing<T, H>) => Promise<InputEvent | null>;

export const result = <T extends InputType>(type: T, data: InputData<T>): InputEvent => ({ type, v: 1, data: data as Record<string, unknown> });

/** Every way in which an effect can fail, for people; no system text ever stands in a record. */
export const failureMessages = {
  workspace_unusable: 'the workspace cannot be used',
  sandbox_missing: 'the run demands a sandbox and this machine has none: install bubblewrap, or allow user namespaces',
  disk_full: 'the disk is full',
  io_error: 'a file or process operation of the machine failed',
  context_too_large: 'what the phase may change does not fit into the context budget',
  prompt_too_long: 'the prompt is longer than the model takes',
  answer_missing: 'the answers file holds no answer for this call',
  aborted: 'the effect was cancelled',
  timeout: 'the model did not answer in time',
  network: 'the model could not be reached',
  http_4xx: 'the provider refused the request',
  http_401: 'the provider refused the key',
  http_402: 'the provider wants to be paid first',
  quota_spent: 'the weekly quota of the vendor (config/models.yaml) is used up',
  http_429: 'the provider limits the rate',
  http_5xx: 'the provider failed',
  bad_response: 'the provider answered with something that is not an answer',
} as const;
export type FailureCode = keyof typeof failureMessages;

const NOTHING: Spent = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 0 };

interface FailedOptions { readonly retryable?: boolean; readonly detail?: string; readonly used?: Spent; readonly retryAfterMs?: number }

export function failed(code: FailureCode, options: FailedOptions = {}): InputEvent {
  const message = options.detail === undefined ? failureMessages[code] : `${failureMessages[code]}: ${options.detail}`;
  return result('effect.failed', { code, message: message.slice(0, 500), retryable: options.retryable ?? false, retryAfterMs: options.retryAfterMs ?? 0, ...(options.used ?? NOTHING) });
}

const FULL = new Set(['ENOSPC', 'EDQUOT']);

/** Turns what the machine threw into a result; what is no error of the world is a bug and goes on. */
export async function worldly(log: Hands['log'], id: string, perform: () => Promise<InputEvent | null>): Promise<InputEvent | null> {
  try {
    return await perform();
  } catch (error) {
    if (error instanceof ExecutorError && error.code === 'workspace.unusable') {
      const system = error.cause instanceof Error ? error.cause.message : undefined;
      log({ effect: id, code: error.code, detail: error.message, hint: error.hint, system }, 'the workspace cannot be used');
      return failed('workspace_unusable');
    }
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (error instanceof ExecutorError || !/^E[A-Z]+$/.test(code)) throw error;
    log({ effect: id, code, detail: (error as Error).message }, 'the machine failed an effect');
    return failed(FULL.has(code) ? 'disk_full' : 'io_error');
  }
}

export const putText = (blobs: Blobs, text: string): Promise<Ref> => blobs.put(Buffer.from(text, 'utf8'));
export const getText = async (blobs: Blobs, ref: Ref): Promise<string> => Buffer.from(await blobs.get(ref)).toString('utf8');

export function phaseOf({ requested }: Pick<Hands, 'requested'>, id: string): Requested['plan']['phases'][number] {
  const phase = requested.plan.phases.find(({ phase_id }) => phase_id === id);
  if (phase === undefined) throw new Error(`no phase ${id} in the plan`);
  return phase;
}

/** The phase as the builder of one of its batches has it: nothing else may change, nothing else is missed (E-116). */
export function partOf(hands: Pick<Hands, 'requested'>, { phase: id, batch }: { readonly phase: string; readonly batch: number }): Requested['plan']['phases'][number] {
  const phase = phaseOf(hands, id);
  const part = policyOf(hands, id).batches[batch];
  return part === undefined ? phase : { ...phase, scope: { ...phase.scope, paths: part.paths }, deliverables: part.deliverables };
}

export function policyOf({ requested }: Pick<Hands, 'requested'>, id: string): Requested['policy']['phases'][number]['policy'] {
  const found = requested.policy.phases.find(({ phase }) => phase === id);
  if (found === undefined) throw new Error(`no policy for phase ${id}`);
  return found.policy;
}
