// Retry
// =====
// What follows a failed attempt: one pure decision, first match wins. Sources: E-103, E-112, E-133, A-067, A-103.

import { normaliseMessage, similarityBp } from './similarity.ts';

/** Every way in which an attempt can fail. */
export type FailureKind =
  | 'truncated' // the answer was cut at the output limit
  | 'refused' // the model refused to answer
  | 'format' // no answer format can be read, also after one repair
  | 'apply' // the patch does not apply to the base
  | 'policy_refused' // paths or guards refuse it
  | 'empty_patch' // nothing would change
  | 'context' // what the phase needs to be seen does not fit
  | 'tests' // newly failing tests
  | 'audit' // an auditor rejects it
  | 'conflict'; // the branch moved and the patch does not apply any more

/** Failures that say something about the model: they count for the next one. */
const COUNTS = new Set<FailureKind>(['format', 'apply', 'policy_refused', 'empty_patch', 'tests', 'audit', 'refused']);
export const counts = (kind: FailureKind): boolean => COUNTS.has(kind);

/** Failures whose repetition says that the plan is wrong, not the answer. */
const REPLANNABLE = new Set<FailureKind>(['tests', 'audit', 'apply', 'empty_patch', 'policy_refused']);

export interface PastFailure {
  readonly kind: FailureKind;
  /** At most 500 characters. */
  readonly message: string;
}

export interface RetryInput {
  /** Attempts begun, the failed one among them. */
  readonly attempt: number;
  /** Attempts that may be begun, a human's grants among them. */
  readonly attemptsMax: number;
  /** Of this phase since its last re-plan, oldest first; the last is the one to decide on. */
  readonly failures: readonly PastFailure[];
  readonly limitRaised: boolean;
  readonly limit: number;
  readonly limitMax: number;
  readonly replans: number;
  readonly replansMax: number;
  /** The run has none left. */
  readonly replansDenied: boolean;
  readonly trigger: number;
  readonly similarityBp: number;
  readonly messageMin: number;
  readonly fatal: readonly string[];
  /** The builder's model now and after one more failure that counts. */
  readonly model: string;
  readonly nextModel: string;
  readonly onExhausted: 'fail' | 'ask';
}

export interface RetryDecision {
  readonly decision: 'larger_limit' | 'next_model' | 'replan' | 'retry' | 'ask' | 'fail';
  readonly reason: string;
}

export function decideRetry(input: RetryInput): RetryDecision {
  const last = input.failures.at(-1);
  const kind = last?.kind ?? 'tests';
  if (input.attempt >= input.attemptsMax) {
    return { decision: input.onExhausted, reason: `all ${input.attemptsMax} attempts are used` };
  }
  if (kind === 'truncated' && !input.limitRaised && input.limit < input.limitMax) {
    return { decision: 'larger_limit', reason: 'the answer was cut at the output limit' };
  }
  const why = replanReason(input);
  if (why !== null && input.replans < input.replansMax && !input.replansDenied) return { decision: 'replan', reason: why };
  if (counts(kind) && input.nextModel !== input.model) return { decision: 'next_model', reason: `${input.model} failed with ${kind}` };
  return { decision: 'retry', reason: `attempt ${input.attempt + 1} of ${input.attemptsMax}, with what failed as feedback` };
}

/** E-112: the last failures are of one kind and alike. */
function replanReason({ failures, trigger, fatal, similarityBp: wanted, messageMin }: RetryInput): string | null {
  const last = failures.at(-1);
  if (last !== undefined && fatal.includes(last.kind)) return `${last.kind} calls for another plan at once`;
  const recent = failures.slice(-trigger);
  if (last === undefined || recent.length < trigger || !REPLANNABLE.has(last.kind)) return null;
  if (recent.some(({ kind }) => kind !== last.kind)) return null;
  const messages = recent.map(({ message }) => normaliseMessage(message));
  // A short message is like another by accident: only when all are short does their kind alone decide.
  const short = messages.filter((message) => message.length < messageMin).length;
  const alike = short === 0 && messages.every((message, i) => i === 0 || similarityBp(messages[i - 1] ?? '', message) >= wanted);
  return short === messages.length || alike ? `the last ${trigger} attempts failed alike (${last.kind})` : null;
}

/** E-133: the next output limit after a cut answer. */
export function raisedLimit(limit: number, factorBp: number, max: number): number {
  return Math.min(Math.floor((limit * factorBp) / 10_000), max);
}
