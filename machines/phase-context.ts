// Phase context
// =============
// What a phase remembers, and the pure questions that its chart asks of it. Small: it is hashed at every step.
//
//   P1. `open` names everything that is awaited, `id -> status:slot`; nothing else is delivered.
//   P2. Ids come from the actor and a counter; the same history gives the same ids.

import type { Baseline, CheckRules } from '#src/domain/check.ts';
import { NO_BASELINE } from '#src/domain/check.ts';
import type { GateVerdict } from '#src/domain/gate.ts';
import { judgeGate } from '#src/domain/gate.ts';
import { settleVerdicts, type SettledAudit } from '#src/domain/merge.ts';
import type { PastFailure, RetryDecision } from '#src/domain/retry.ts';
import { decideRetry } from '#src/domain/retry.ts';
import type { PhaseOutcome } from '#src/domain/schedule.ts';
import type { BuilderMode } from '#src/events/define.ts';
import type { FeedbackItem } from '#src/events/effects.ts';
import type { PhasePolicy } from '#src/events/policy.ts';
import type { Ref } from '#src/record/ref.ts';
import type { Slot } from './vocabulary.ts';

export type QuestionKind = 'exhausted' | 'blocked' | 'approval';
type Verdicts = { readonly approved: boolean; readonly minor: number; readonly major: number; readonly critical: number };

export interface Judgement {
  readonly answer: Ref;
  readonly approved: boolean;
  readonly issues: readonly { readonly severity: 'minor' | 'major' | 'critical'; readonly category: string; readonly description: string; readonly file: string; readonly line: number; readonly suggestion: string }[];
  readonly summary: string;
}

export interface AuditorAnswer extends Judgement {
  readonly slot: 'auditor' | 'auditor2';
}

export interface PhaseInput {
  readonly phase: string;
  readonly policy: PhasePolicy;
}

export interface PhaseContext extends PhaseInput {
  readonly open: Readonly<Record<string, string>>;
  readonly counter: number;
  readonly baseline: Baseline;
  /** Commit that the candidate stands on; empty before the start. */
  readonly base: string;
  readonly attempt: number;
  readonly again: number;
  /** Failures that count: the place in the models' walks. */
  readonly step: number;
  readonly limit: number;
  readonly limitRaised: boolean;
  readonly calls: Readonly<Record<'builder' | 'auditor' | 'auditor2' | 'judge' | 'planner', number>>;
  readonly tries: number;
  readonly interruptions: number;
  readonly repairs: number;
  readonly trouble: string | null;
  readonly failures: readonly PastFailure[];
  readonly feedback: readonly FeedbackItem[];
  readonly replans: number;
  readonly replansDenied: boolean;
  readonly revision: Ref | null;
  readonly contextRef: Ref | null;
  readonly contextTokens: number;
  /** A builder's prompt was too long for its model. */
  readonly promptTooLong: boolean;
  /** The answer format of the attempt, and what its builder saw. */
  readonly mode: BuilderMode;
  readonly shown: { readonly base: string; readonly tree: string | null; readonly manifest: Ref } | null;
  /** Of the attempt, from 0: the one that is being built (E-115). */
  readonly batch: number;
  readonly answer: Ref | null;
  /** A cut answer of this attempt that was continued. */
  readonly partial: Ref | null;
  /** Output tokens of the builder's last answer. */
  readonly used: number;
  /** Of all batches so far. */
  readonly tree: string | null;
  readonly diff: Ref | null;
  readonly set: string | null;
  readonly netDeletion: number;
  /** 0 to 100 (E-175). */
  readonly risk: number;
  readonly checks: 'passed' | 'failed' | 'skipped' | 'none' | null;
  readonly checksMessage: string;
  /** What the tests say of the tree: the baseline of what is built on it. */
  readonly tested: Baseline | null;
  /** Null: unknown. */
  readonly coverageDeltaBp: number | null;
  readonly output: Ref | null;
  readonly answers: readonly AuditorAnswer[];
  /** Of the judge, where the auditors disagree. */
  readonly judgement: Judgement | null;
  /** Answers of auditors and judge that could not be read and were asked again. */
  readonly unreadable: readonly { readonly slot: Slot; readonly answer: Ref }[];
  readonly audit: Verdicts | null;
  readonly auditedSet: string | null;
  readonly approvedSet: string | null;
  readonly reaudits: number;
  readonly turn: 'none' | 'queued' | 'held';
  readonly keepTurn: boolean;
  readonly question: QuestionKind | null;
  /** Absolute deadline while it counts; what is left of it while it stands still. */
  readonly deadlineAt: number | null;
  readonly remainingMs: number;
  readonly outcome: PhaseOutcome | null;
  readonly reason: string | null;
  readonly quality: 'ok' | 'needs_review' | null;
  readonly commit: string | null;
}

export const actorOf = (phase: string): string => `phase:${phase}`;
/** The wait that every phase is born with. */
export const startWaitOf = (phase: string): string => `${actorOf(phase)}/0`;

export function initialContext({ phase, policy }: PhaseInput): PhaseContext {
  return {
    phase, policy, open: { [startWaitOf(phase)]: 'wait:start' }, counter: 0, baseline: NO_BASELINE, base: '',
    attempt: 0, again: 0, step: 0, limit: policy.outputTokens, limitRaised: false,
    ...freshAttempt, failures: [], feedback: [], replans: 0, replansDenied: false, revision: null, contextRef: null, contextTokens: 0, promptTooLong: false, mode: 'full_file', shown: null,
    turn: 'none', keepTurn: false, question: null, deadlineAt: null, remainingMs: policy.deadlineMs,
    outcome: null, reason: null, quality: null, commit: null,
  };
}

/** What no attempt takes over from the one before. */
export const freshAttempt = {
  calls: { builder: 0, auditor: 0, auditor2: 0, judge: 0, planner: 0 }, tries: 0, interruptions: 0, repairs: 0, trouble: null, batch: 0,
  answer: null, partial: null, used: 0, tree: null, diff: null, set: null, netDeletion: 0, risk: 0, checks: null, checksMessage: '', tested: null, coverageDeltaBp: null, output: null,
  answers: [], judgement: null, unreadable: [], audit: null, auditedSet: null, approvedSet: null, reaudits: 0,
} as const;

export const nextId = ({ phase, counter }: PhaseContext, plus = 1): string => `${actorOf(phase)}/${counter + plus}`;
export const idsOf = ({ open }: PhaseContext, kind: string): string[] => Object.keys(open).filter((id) => open[id] === kind);
export const slotOf = ({ open }: PhaseContext, id: string): Slot => (open[id] ?? ':').slice((open[id] ?? ':').indexOf(':') + 1) as Slot;
export const statusOf = ({ open }: PhaseContext, id: string): string => (open[id] ?? '').split(':')[0] ?? '';

export function without(open: PhaseContext['open'], drop: (kind: string, id: string) => boolean): Record<string, string> {
  return Object.fromEntries(Object.entries(open).filter(([id, kind]) => !drop(kind, id)));
}

const at = (walk: readonly string[], step: number): string => walk[Math.min(step, walk.length - 1)] ?? '';
export const builderModel = ({ policy, step }: PhaseContext): string => at(policy.builderWalk, step);
export const auditorModel = ({ policy, step }: PhaseContext, slot: 'auditor' | 'auditor2'): string =>
  at(slot === 'auditor2' ? (policy.auditor2Walk ?? policy.auditorWalk) : policy.auditorWalk, step);
export const auditorSlots = ({ policy }: PhaseContext): ('auditor' | 'auditor2')[] => (policy.auditor2Walk === null ? ['auditor'] : ['auditor', 'auditor2']);
export const attemptsMax = ({ policy, again }: PhaseContext): number => policy.attemptsMax + again;

/** E-166: a second opinion may be half as long. */
export const auditLimit = ({ policy: { auditorOutputTokens } }: PhaseContext, slot: 'auditor' | 'auditor2' | 'judge'): number => (slot === 'auditor2' ? Math.ceil(auditorOutputTokens / 2) : auditorOutputTokens);

/** The verdicts taken together, so far as they are in. */
export const auditOf = ({ answers, judgement }: PhaseContext): SettledAudit => settleVerdicts(answers.map(({ slot, ...verdict }) => ({ role: slot, verdict })), judgement);

/** What a call of a slot is set aside for: its model, what goes in, estimated, and all that may come out. */
export function reserveFor(context: PhaseContext, slot: Slot): { readonly model: string | null; readonly inputTokens: number; readonly outputTokens: number } {
  const ofBytes = (ref: Ref | null): number => Math.ceil((ref?.bytes ?? 0) * 10 / 25);
  const fixed = 2000;
  const { policy } = context;
  const reviewed = ofBytes(context.diff) + Math.min(ofBytes(context.output), 10_000);
  switch (slot) {
    case 'builder':
      return { model: builderModel(context), inputTokens: context.contextTokens + ofFeedback(context) + fixed, outputTokens: context.limit };
    case 'auditor':
    case 'auditor2':
      return { model: auditorModel(context, slot), inputTokens: reviewed + fixed, outputTokens: auditLimit(context, slot) };
    case 'judge':
      return { model: policy.judgeModel, inputTokens: reviewed + context.answers.reduce((sum, { answer }) => sum + ofBytes(answer), 0) + fixed, outputTokens: auditLimit(context, slot) };
    case 'planner':
      return { model: policy.plannerModel, inputTokens: ofFeedback(context) + fixed, outputTokens: policy.plannerOutputTokens };
    case 'context':
    case 'candidate':
    case 'tests':
    case 'commit':
      return { model: null, inputTokens: 0, outputTokens: 0 };
  }
}
const ofFeedback = ({ feedback }: PhaseContext): number => feedback.reduce((sum, { message, detail }) => sum + Math.ceil(message.length / 2) + Math.min(Math.ceil((detail?.bytes ?? 0) * 10 / 25), 4000), 0);

export function retryOf(context: PhaseContext): RetryDecision {
  const { policy } = context;
  const last = context.failures.at(-1);
  return decideRetry({
    attempt: context.attempt, attemptsMax: attemptsMax(context), failures: context.failures, limitRaised: context.limitRaised,
    limit: context.limit, limitMax: policy.outputTokensMax, replans: context.replans, replansMax: policy.replansMax,
    replansDenied: context.replansDenied, trigger: policy.replanTrigger, similarityBp: policy.replanSimilarityBp, messageMin: policy.replanMessageMin,
    fatal: policy.replanFatal, model: builderModel(context), nextModel: last === undefined ? builderModel(context) : at(policy.builderWalk, context.step + 1),
    onExhausted: policy.onExhausted === 'ask' && context.again < policy.againMax ? 'ask' : 'fail',
  });
}

export const checkRules = ({ policy: { highRisk, allowWeakerTests } }: PhaseContext): CheckRules => ({ highRisk, allowWeakerTests });
/** A phase with a command of its own has no baseline. */
export const baselineFor = ({ policy }: PhaseContext, baseline: Baseline): Baseline => (policy.ownCommand ? NO_BASELINE : baseline);

export const isOverridden = ({ approvedSet, set }: PhaseContext): boolean => set !== null && approvedSet === set;

export function gateOf(context: PhaseContext): GateVerdict {
  const { policy } = context;
  return judgeGate({
    highRisk: policy.highRisk, isStrict: policy.isStrict, coverageDeltaBp: context.coverageDeltaBp, checks: context.checks ?? 'none', audit: context.audit, netDeletion: context.netDeletion,
    netDeletionMax: policy.netDeletionMax, allowMassDeletion: policy.allowMassDeletion, risk: context.risk,
  });
}

/** Where the gate leads: the question's kind, or on to the commit. */
export function afterGate(context: PhaseContext): QuestionKind | 'commit' {
  if (isOverridden(context)) return 'commit';
  const { level } = gateOf(context);
  if (level === 'blocked' || (level === 'needs_review' && context.policy.profile === 'safety_critical')) return 'blocked';
  return context.policy.askBeforeCommit ? 'approval' : 'commit';
}

export function optionsOf(context: PhaseContext): string[] {
  const again = context.again < context.policy.againMax ? ['again'] : [];
  return context.question === 'exhausted' ? ['again', 'reject'] : ['approve', ...again, 'reject'];
}
export const defaultOf = (context: PhaseContext): string => (context.policy.questionDefault === 'reject' ? 'reject' : (optionsOf(context)[0] ?? 'reject'));
