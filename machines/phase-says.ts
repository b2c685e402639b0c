// What a phase says
// =================
// The params of its effects, facts and messages, and the larger assigns: pure functions of context and event.

import type { SeenInput } from '#src/events/inputs.ts';
import type { FeedbackItem } from '#src/events/effects.ts';
import { baselineOf, coverageDelta, judgeCheck } from '#src/domain/check.ts';
import { RETRY_AFTER_MAX_MS } from '#src/domain/provider.ts';
import { raisedLimit, type FailureKind } from '#src/domain/retry.ts';
import {
  actorOf, attemptsMax, auditLimit, auditOf, auditorModel, auditorSlots, builderModel, checkRules, defaultOf, gateOf, idsOf, isOverridden, nextId, optionsOf, reserveFor, retryOf, slotOf, statusOf, without,
  type Judgement, type PhaseContext,
} from './phase-context.ts';
import type { Heard, Message, Slot, ToPhase } from './vocabulary.ts';

export type PhaseEvent = Extract<SeenInput, { type: `${'context' | 'builder' | 'candidate' | 'tests' | 'audit' | 'judge' | 'revision' | 'commit' | 'question' | 'timer' | 'model'}.${string}` | 'effect.failed' | 'phase.skip_requested' }> | Heard<ToPhase>;
interface Args { readonly context: PhaseContext; readonly event: PhaseEvent }
type Part = Partial<PhaseContext>;
type ModelSlot = keyof PhaseContext['calls'];

const MODEL_SLOTS = new Set<Slot>(['builder', 'auditor', 'auditor2', 'judge', 'planner']);
const modelSlot = (slot: Slot): ModelSlot | null => (MODEL_SLOTS.has(slot) ? (slot as ModelSlot) : null);
const causeOf = (event: PhaseEvent): string => ('cause' in event ? event.cause : '');

// Assigns

/** Opens one more id for `kind`, and closes `closes` when given. */
export function opened(context: PhaseContext, kind: string, closes = ''): { counter: number; open: Record<string, string> } {
  return { counter: context.counter + 1, open: { ...without(context.open, (_kind, id) => id === closes), [nextId(context)]: kind } };
}

export function asked(context: PhaseContext, slots: readonly Slot[], same: boolean): Part {
  let { counter, calls } = context;
  const open = { ...context.open };
  for (const slot of slots) {
    counter += 1;
    open[`${actorOf(context.phase)}/${counter}`] = `asked:${slot}`;
    const model = modelSlot(slot);
    if (model !== null && !same) calls = { ...calls, [model]: calls[model] + 1 };
  }
  return { counter, open, calls };
}

/** The slot that an event asks for again: of a failed or interrupted effect, or of its retry timer. */
export const slotAgain = (context: PhaseContext, event: PhaseEvent): Slot => slotOf(context, causeOf(event)).replace('retry-', '') as Slot;

export function parkedAt(context: PhaseContext, id: string, at: number): Part {
  const open = { ...context.open, [id]: `parked:${slotOf(context, id)}` };
  const works = Object.values(open).some((kind) => kind.startsWith('running:') || kind.startsWith('timer:retry-'));
  return works ? { open } : { ...disarmed({ ...context, open }, at), trouble: null };
}

export function armed(context: PhaseContext, at: number): Part {
  return context.deadlineAt === null ? { ...opened(context, 'timer:deadline'), deadlineAt: at + context.remainingMs } : {};
}

export function disarmed(context: PhaseContext, at: number): Part {
  const open = without(context.open, (kind) => kind === 'timer:deadline');
  return context.deadlineAt === null ? { open } : { open, deadlineAt: null, remainingMs: Math.max(0, context.deadlineAt - at) };
}

const FEEDBACK_MAX = 4;
const FAILURES_MAX = 6;

export function failedWith(context: PhaseContext, event: PhaseEvent, kind: FailureKind): Part {
  const items = itemsOf(context, event, kind);
  return {
    failures: [...context.failures, { kind, message: items[0]?.message ?? kind }].slice(-FAILURES_MAX),
    feedback: [...context.feedback, ...items].slice(-FEEDBACK_MAX),
  };
}

export const feedbackWith = (context: PhaseContext, event: PhaseEvent, kind: FailureKind): FeedbackItem[] =>
  [...context.feedback, ...itemsOf(context, event, kind)].slice(-FEEDBACK_MAX);

/** What the next attempt is told. */
function itemsOf(context: PhaseContext, event: PhaseEvent, kind: FailureKind): FeedbackItem[] {
  const item = (message: string, detail: FeedbackItem['detail'] = null): FeedbackItem[] => [{ kind, message, detail }];
  if (kind === 'audit') {
    const opinions: readonly Judgement[] = context.judgement === null ? context.answers : [...context.answers, context.judgement];
    const rejecting = opinions.filter(({ approved, issues }) => !approved || issues.some(({ severity }) => severity !== 'minor'));
    return rejecting.map(({ answer, summary, issues }) => ({ kind, message: (issues.find(({ severity }) => severity !== 'minor')?.description ?? summary).slice(0, 500) || 'rejected without a reason', detail: answer }));
  }
  switch (event.type) {
    case 'candidate.refused':
      return item(event.message, event.problems);
    case 'tests.finished':
      return item(testsMessage(judgeCheck(event, context.baseline, checkRules(context)).reason, event.message), event.output);
    case 'effect.failed':
      return item(event.message);
    case 'builder.answered':
      return item(kind === 'truncated' ? `the answer was cut at ${context.limit} output tokens` : 'the model refused to answer', event.answer);
    default:
      return item(kind === 'empty_patch' ? 'the answer changes nothing; allow_noop: true would allow it' : kind);
  }
}

/** The exit code and how the command ended stand in the message already. */
const testsMessage = (reason: string, message: string): string => (message !== '' && /^exit_|ed$|_out$/.test(reason) ? message : `${reason}: ${message}`.slice(0, 500));

export function checked(context: PhaseContext, event: PhaseEvent): Part {
  if (event.type !== 'tests.finished') return {};
  const { passed, reason, findings } = judgeCheck(event, context.baseline, checkRules(context));
  const found = findings.map(({ kind, count }) => `${kind} ${count}`).join(', ');
  const message = `${reason}${found === '' ? '' : ` (${found})`}: ${event.message}`.slice(0, 500);
  return { checks: passed ? 'passed' : 'failed', checksMessage: message, tested: context.policy.ownCommand ? null : baselineOf(event), coverageDeltaBp: coverageDelta(event, context.baseline), output: event.output };
}

/** A verdict that could not be read twice rejects (E-161). */
const NO_VERDICT: Omit<Judgement, 'answer'> = {
  approved: false,
  issues: [{ severity: 'major', category: 'auditor_error', description: 'the auditor gave no verdict that can be read', file: '', line: 0, suggestion: '' }],
  summary: 'no verdict',
};

export function verdictKept(context: PhaseContext, event: PhaseEvent): Part {
  if (event.type === 'judge.answered') return { judgement: { answer: event.answer, ...(event.verdict ?? NO_VERDICT) } };
  if (event.type !== 'audit.answered') return {};
  const slot = slotOf(context, event.cause) as 'auditor' | 'auditor2';
  return { answers: [...context.answers, { slot, answer: event.answer, ...(event.verdict ?? NO_VERDICT) }] };
}

export function questionOpened(context: PhaseContext): Part {
  const question = opened(context, 'running:question');
  return { ...question, ...opened({ ...context, ...question }, 'timer:expiry') };
}

export function grantedAgain(context: PhaseContext, event: PhaseEvent): Part {
  const note = event.type === 'question.answered' && event.note !== '' ? [{ kind: 'human', message: event.note.slice(0, 500), detail: null }] : [];
  return { again: context.again + 1, question: null, failures: [], feedback: [...context.feedback, ...note].slice(-FEEDBACK_MAX) };
}

// Answers

/** The option that an answer or the expiry chooses; null when the event does neither. */
export function optionChosen(context: PhaseContext, event: PhaseEvent): string | null {
  if (event.type === 'question.answered') return optionsOf(context).includes(event.option) ? event.option : 'reject';
  return event.type === 'timer.fired' && context.open[event.cause] === 'timer:expiry' ? defaultOf(context) : null;
}

// Messages to the run

const toRun = { to: 'run' } as const;

export function wishes({ context }: Args): Message[] {
  return Object.entries(context.open)
    .filter(([, kind]) => kind.startsWith('asked:'))
    .map(([id]) => {
      const slot = slotOf(context, id);
      return { ...toRun, type: 'effect.wanted', id, phase: context.phase, slot, ...reserveFor(context, slot), trouble: context.trouble };
    });
}

export function withdrawals({ context, event }: Args): Message[] {
  const ids = Object.keys(context.open).filter((id) => id !== causeOf(event) && ['asked', 'parked', 'running'].includes(statusOf(context, id)));
  return ids.length === 0 ? [] : [{ ...toRun, type: 'effect.withdrawn', ids }];
}

/** What a paid call came to; nothing for an event that is no result of one. */
export function settled({ context, event }: Args): Message[] {
  const id = causeOf(event);
  const slot = slotOf(context, id);
  if (!MODEL_SLOTS.has(slot) || statusOf(context, id) !== 'running') return [];
  const used = 'costMicroUsd' in event ? { inputTokens: event.inputTokens, outputTokens: event.outputTokens, costMicroUsd: event.costMicroUsd, estimated: false } : { inputTokens: 0, outputTokens: 0, costMicroUsd: 0, estimated: true };
  return [{ ...toRun, type: 'effect.settled', id, phase: context.phase, slot, ...used, failure: event.type === 'effect.failed' ? event.code : null }];
}

/** A re-plan that came to nothing is no second failure of its attempt. */
export function attemptFailed({ context, event }: Args): Message[] {
  const last = context.failures.at(-1);
  return last === undefined || event.type === 'revision.answered' || event.type === 'effect.denied' ? [] : [{ ...toRun, type: 'attempt.failed', phase: context.phase, kind: last.kind }];
}

export const turnWanted = ({ context }: Args): Message[] => idsOf(context, 'wait:turn').map((id) => ({ ...toRun, type: 'turn.wanted', id, phase: context.phase }));
export const turnReleased = ({ context }: Args): Message[] => (context.turn === 'none' || context.keepTurn ? [] : [{ ...toRun, type: 'turn.released', phase: context.phase }]);
export const committed = ({ context, event }: Args): Message[] => (event.type === 'commit.written' ? [{ ...toRun, type: 'phase.committed', phase: context.phase, commit: event.commit, tested: context.tested }] : []);
export const phaseSettled = ({ context }: Args): Message => ({ ...toRun, type: 'phase.settled', phase: context.phase, outcome: context.outcome ?? 'FAILED' });

// Effects

const ofPhase = ({ phase, attempt }: PhaseContext) => ({ phase, attempt });
const required = <T>(value: T | null): T => value as T;

export const assembleContext = ({ context, event }: Args) => ({
  id: causeOf(event), ...ofPhase(context), base: context.base, batch: context.batch, tree: context.tree, model: builderModel(context), outputTokensMax: context.limit, least: context.promptTooLong, revision: context.revision, feedback: [...context.feedback],
});
export const callBuilder = ({ context, event }: Args) => ({
  id: causeOf(event), ...ofPhase(context), call: context.calls.builder, batch: context.batch, model: builderModel(context), outputTokensMax: context.limit, timeoutMs: context.policy.callTimeoutMs,
  context: required(context.contextRef), mode: context.mode, partial: context.partial, revision: context.revision, feedback: [...context.feedback],
});
export const buildCandidate = ({ context, event }: Args) => ({ id: causeOf(event), ...ofPhase(context), batch: context.batch, answer: required(context.answer), partial: context.partial, mode: context.mode, shown: required(context.shown), base: context.base });
export const runTests = ({ context, event }: Args) => ({ id: causeOf(event), ...ofPhase(context), tree: required(context.tree), base: context.base, baseline: context.baseline.report });
/** What auditors and judge are shown alike. */
const reviewed = (context: PhaseContext, role: 'auditor' | 'auditor2' | 'judge') => ({
  ...ofPhase(context), call: context.calls[role], outputTokensMax: auditLimit(context, role), timeoutMs: context.policy.callTimeoutMs, diff: required(context.diff), output: context.output,
  checks: context.checksMessage, revision: context.revision, repair: context.unreadable.find(({ slot }) => slot === role)?.answer ?? null,
});
export const callAuditor = ({ context, event }: Args) => {
  const role = slotOf(context, causeOf(event)) as 'auditor' | 'auditor2';
  return { id: causeOf(event), ...reviewed(context, role), role, model: auditorModel(context, role) };
};
export function callJudge({ context, event }: Args) {
  const { disagreement } = auditOf(context);
  return { id: causeOf(event), ...reviewed(context, 'judge'), model: context.policy.judgeModel, disagreement: disagreement === 'none' ? ('approval' as const) : disagreement, verdicts: context.answers.map(({ answer }) => answer) };
}
export const callPlanner = ({ context, event }: Args) => ({
  id: causeOf(event), ...ofPhase(context), call: context.calls.planner, model: context.policy.plannerModel, outputTokensMax: context.policy.plannerOutputTokens,
  timeoutMs: context.policy.callTimeoutMs, context: context.contextRef, revision: context.revision, feedback: [...context.feedback],
});
export const writeCommit = ({ context, event }: Args) => ({ id: causeOf(event), ...ofPhase(context), tree: required(context.tree), parent: context.base });

// Timers: the id is the one that the assign behind them opens

export const deadline = ({ context, event }: Args) =>
  context.deadlineAt === null ? [{ id: nextId(context), kind: 'deadline' as const, deadline: event.at + context.remainingMs, absolute: false, passive: true }] : [];
/** E-314: our own wait, or the longer one that the provider asks for. */
function waitMs({ policy, tries }: PhaseContext, event: PhaseEvent): number {
  const own = policy.transportWaitsMs[Math.min(tries, policy.transportWaitsMs.length - 1)] ?? 0;
  return event.type === 'effect.failed' ? Math.max(own, Math.min(event.retryAfterMs, RETRY_AFTER_MAX_MS)) : own;
}
export const retryTimer = ({ context, event }: Args) => ({ id: nextId(context), kind: 'retry' as const, deadline: event.at + waitMs(context, event), absolute: false, passive: false });
export const expiry = ({ context, event }: Args) => ({ id: nextId(context, 2), kind: 'expiry' as const, deadline: event.at + context.policy.questionMs, absolute: true, passive: true });

export const askHuman = ({ context, event }: Args) => ({
  id: nextId(context), ...ofPhase(context), kind: context.question ?? ('exhausted' as const), question: questionText(context), options: optionsOf(context),
  default: defaultOf(context), expiresAt: event.at + context.policy.questionMs, diff: context.question === 'exhausted' ? null : context.diff,
});

function questionText(context: PhaseContext): string {
  const last = context.failures.at(-1);
  const text = {
    exhausted: `${context.phase} failed ${context.attempt} times, last with ${last?.kind ?? 'nothing'}: ${last?.message ?? ''}. One more attempt?`,
    blocked: `The gate blocks ${context.phase}: ${gateOf(context).reasons.join('; ')}. Commit it all the same?`,
    approval: `${context.phase} passed tests and audit; its category asks for an approval before the commit. Commit it?`,
  }[context.question ?? 'exhausted'];
  return text.slice(0, 500);
}

// Facts

const slotAndCode = ({ context, event }: Args) => ({ slot: slotOf(context, causeOf(event)) as string, code: event.type === 'effect.failed' || event.type === 'candidate.refused' ? event.code : 'unreadable' });

export const attemptStarted = ({ context }: Args) => ({ attempt: context.attempt, base: context.base, model: builderModel(context), outputTokensMax: context.limit });
export const routed = ({ context }: Args) => {
  const role = (['planner', 'judge'] as const).find((slot) => idsOf(context, `asked:${slot}`).length > 0) ?? 'builder';
  return { role, model: role === 'builder' ? builderModel(context) : context.policy[`${role}Model`], step: context.step };
};
export const auditorsRouted = ({ context }: Args) => auditorSlots(context).map((role) => ({ role, model: auditorModel(context, role), step: context.step }));
export const checkSkipped = ({ context }: Args) => ({ reason: context.policy.check === 'skip' ? 'the plan skips it, with a reason' : 'no test command is configured' });
export function checkJudged({ context, event }: Args) {
  if (event.type !== 'tests.finished') return [];
  const { passed, reason, findings } = judgeCheck(event, context.baseline, checkRules(context));
  return [{ passed, reason, exitCode: event.exitCode, testsRun: event.testsRun, findings: [...findings], coverageDeltaBp: coverageDelta(event, context.baseline) }];
}
export function auditMerged({ context }: Args) {
  const { issues: _issues, ...merged } = auditOf(context);
  return { ...merged, auditors: context.answers.length };
}
export function gateJudged({ context }: Args) {
  const { level, row, reasons } = gateOf(context);
  return { level, row, risk: context.risk, reasons: [...reasons], overridden: isOverridden(context) };
}
export function retryDecided({ context }: Args) {
  const last = context.failures.at(-1);
  return { attempt: context.attempt, failure: last?.kind ?? 'replan', message: last?.message ?? '', ...retryOf(context) };
}
export const limitRaised = ({ context: { limit, policy } }: Args) => ({ from: limit, to: raisedLimit(limit, policy.outputFactorBp, policy.outputTokensMax) });
export const modelEscalated = ({ context }: Args) => ({ from: builderModel(context), to: builderModel({ ...context, step: context.step + 1 }), step: context.step + 1 });
export const callRetried = ({ context, event }: Args) => ({ ...slotAndCode({ context, event }), waitMs: waitMs(context, event), tries: context.tries + 1 });
export const repairAsked = slotAndCode;
export const rebaseCompared = ({ context }: Args) => ({ same: context.set === context.auditedSet, set: context.set ?? '' });
export function replanAccepted({ context, event }: Args) {
  return event.type === 'revision.answered' && event.description !== null ? [{ description: event.description, reason: event.reason, replan: context.replans + 1 }] : [];
}
export function questionSettled({ context, event }: Args) {
  const option = optionChosen(context, event) ?? 'reject';
  const by = event.type === 'question.answered' ? event.by : ('expiry' as const);
  return { kind: context.question ?? 'exhausted', option, by, leads: { approve: 'GATED', again: 'BUILDING' }[option] ?? 'DONE' };
}
export const exhausted = ({ context }: Args) => ({
  outcome: 'FAILED' as const,
  reason: `${context.failures.at(-1)?.kind ?? 'replan'} after ${context.attempt} of ${attemptsMax(context)} attempts: ${context.failures.at(-1)?.message ?? ''}`.slice(0, 500),
});
export const rejectedByHuman = ({ event }: Args) => ({ outcome: 'FAILED' as const, reason: event.type === 'timer.fired' ? 'nobody answered in time' : 'rejected by a human' });
export const phaseEnded = ({ context }: Args) => ({ outcome: context.outcome ?? ('FAILED' as const), reason: context.reason, commit: context.commit, quality: context.quality, attempts: context.attempt });
