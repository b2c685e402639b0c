// Models port
// ===========
// One call of one model. Vendors' clients and the answers file are adapters of it.
//
//   M1. Every outcome is a value: a reply or a typed failure; nothing is retried inside.
//   M2. The adapter keeps no state between calls: what it needs to find an answer travels in the request.
//   M3. Aborting `signal` ends the call within a second.
//   M4. An answer is never longer than the adapter's limit and never later than `timeoutMs`, whatever the other side does.

import type { Failure } from '#src/errors/errors.ts';

export type Role = 'builder' | 'auditor' | 'auditor2' | 'judge' | 'planner' | 'doctor';

export interface ModelRequest {
  readonly role: Role;
  readonly phase: string;
  readonly attempt: number;
  /** Counts within role, phase and attempt, from 1. */
  readonly call: number;
  readonly model: string;
  readonly system: string;
  readonly prompt: string;
  /** Output tokens at most. */
  readonly outputTokensMax: number;
  readonly timeoutMs: number;
  /** The JSON schema that the answer keeps, for vendors that can hold a model to one; null for plain text. */
  readonly schema: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> } | null;
}

/** Tokens in one number of a usage; what says more is broken, and its cost would not stay an integer. */
export const USAGE_MAX = 1_000_000_000;

export interface Usage {
  /** All that went in, from a cache or not. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  /** The parts of `inputTokens` that were read from the vendor's cache, and written to it. */
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
}

export interface FailedCall {
  readonly ok: false;
  readonly failure: Failure;
  /** Null where nobody knows whether the vendor counts the call: it was sent, and no answer came. */
  readonly usage: Usage | null;
  /** How long the vendor asks to wait; 0 where it does not say. */
  readonly retryAfterMs: number;
}

export type ModelReply =
  | { readonly ok: true; readonly text: string; readonly usage: Usage; readonly stopReason: 'end' | 'max_tokens' | 'refusal' }
  | FailedCall;

export interface HumanAnswer {
  readonly choose: string;
  readonly note: string;
}

export interface Models {
  /** True when asking the same call twice costs nothing and gives the same answer. */
  readonly idempotent: boolean;
  call(request: ModelRequest, signal: AbortSignal): Promise<ModelReply>;
  /** A scripted human's answer for a phase's n-th question, or null: a real one is waited for. */
  human(question: { readonly phase: string | null; readonly attempt: number; readonly options: readonly string[] }): HumanAnswer | null;
}
