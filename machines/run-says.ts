// What the run says
// =================
// The params of its effects, facts and messages: pure functions of context and event.

import { judgeBaseline } from '#src/domain/check.ts';
import { actorOf, startWaitOf } from './phase-context.ts';
import { awaits, chargeOf, estimateOf, heldBack, isDrained, isPaid, lostOf, nextId, passedTurn, picks, reservationOf, rule, unpark, wishOf, type Reserved, type RunContext, type RunEvent, type Wish } from './run-context.ts';
import type { Message } from './vocabulary.ts';

interface Args { readonly context: RunContext; readonly event: RunEvent }

// Messages to phases

export function scheduled({ context }: Args): Message[] {
  const { start, block } = picks(context);
  return [
    ...block.map(({ phase, dependency }) => ({ to: actorOf(phase), type: 'phase.blocked' as const, cause: startWaitOf(phase), dependency })),
    ...start.map((phase) => ({ to: actorOf(phase), type: 'phase.started' as const, cause: startWaitOf(phase), head: context.head, baseline: context.baseline })),
  ];
}

const stopped = ({ phases }: RunContext, reason: NonNullable<RunContext['stopped']>): Message[] =>
  phases.filter(({ status }) => status !== 'done').map(({ id }) => ({ to: actorOf(id), type: 'phase.stopped', reason }));
export const stopAll = ({ context }: Args): Message[] => stopped(context, 'cancelled');
export const refuseAll = ({ context }: Args): Message[] => stopped(context, 'estimate_rejected');

export const shifted = ({ context, event }: Args): Message[] =>
  event.type !== 'run.resumed' || event.downMs === 0 ? [] : context.phases.filter(({ status }) => status === 'active').map(({ id }) => ({ to: actorOf(id), type: 'time.shifted', downMs: event.downMs }));

const answerTo = (event: RunEvent) => (event.type === 'effect.wanted' ? { to: actorOf(event.phase), cause: event.id } : { to: 'run', cause: '' });
export const grant = ({ event }: Args): Message => ({ ...answerTo(event), type: 'effect.granted' });
export const parking = ({ event }: Args): Message => ({ ...answerTo(event), type: 'effect.parked' });
export const denial = ({ context, event }: Args): Message => ({ ...answerTo(event), type: 'effect.denied', reason: reasonOf(context, event) });

export function unparked({ context }: Args): Message[] {
  const { granted, denied } = unpark(context);
  return [
    ...granted.map(({ id, phase }) => ({ to: actorOf(phase), type: 'effect.granted' as const, cause: id })),
    ...denied.map(({ id, phase, reason }) => ({ to: actorOf(phase), type: 'effect.denied' as const, cause: id, reason })),
  ];
}

export const turnGranted = ({ context, event }: Args): Message[] =>
  event.type === 'turn.wanted' && context.turn.holder === null ? [{ to: actorOf(event.phase), type: 'turn.granted', cause: event.id, head: context.head, baseline: context.baseline }] : [];

export function turnPassed({ context, event }: Args): Message[] {
  const next = nextHolder(context, event);
  return next === null ? [] : [{ to: actorOf(next.phase), type: 'turn.granted', cause: next.id, head: context.head, baseline: context.baseline }];
}

function nextHolder({ turn }: RunContext, event: RunEvent) {
  if (event.type !== 'turn.released' || turn.holder !== event.phase) return null;
  const { holder } = passedTurn(turn, event.phase);
  return turn.queue.find(({ phase }) => phase === holder) ?? null;
}

// The question before anything begins

export const confirmation = ({ context, event }: Args) => ({
  id: nextId(context), phase: null, attempt: 0, kind: 'estimate' as const, question: context.policy.confirm?.question ?? '', options: ['approve', 'reject'],
  default: 'reject', expiresAt: event.at + (context.policy.confirm?.waitMs ?? 0), diff: null,
});
export const confirmExpiry = ({ context, event }: Args) => ({ id: nextId(context, 2), kind: 'expiry' as const, deadline: event.at + (context.policy.confirm?.waitMs ?? 0), absolute: true, passive: true });
export const isApproval = (event: RunEvent): boolean => event.type === 'question.answered' && event.option === 'approve';
export const confirmed = ({ event }: Args) => {
  const option = isApproval(event) ? 'approve' : 'reject';
  return { kind: 'estimate', option, by: event.type === 'question.answered' ? event.by : ('expiry' as const), leads: option === 'approve' ? 'PREPARING' : 'SETTLING' };
};

// Effects

/** Publishes the head unless there is nothing to publish or it is under way. */
export const publishing = ({ context }: Args) => (context.head === context.base || awaits(context, 'publish') ? [] : [{ id: nextId(context), commit: context.head }]);
export const settleTimer = ({ context, event }: Args) =>
  isDrained(context) ? [] : [{ id: nextId(context), kind: 'settle' as const, deadline: event.at + context.policy.settleMs, absolute: true, passive: false }];

// Facts

export function baselineFact({ event }: Args) {
  if (event.type !== 'tests.finished') return [];
  const { baseline, reason } = judgeBaseline(event);
  return [{ status: baseline.status, exitCode: event.exitCode, testsRun: event.testsRun, reason }];
}

function reasonOf(context: RunContext, event: RunEvent): string {
  if (event.type !== 'effect.wanted') return 'unknown';
  if (context.pause !== null) return context.pause.reason;
  if (event.trouble !== null) return event.trouble;
  const ruling = rule(context, wishOf(event));
  return 'deny' in ruling ? ruling.deny : 'park' in ruling ? ruling.park : 'paused';
}

const accountOf = ({ id, phase, slot }: { id: string; phase: string; slot: string }) => ({ effect: id, phase, slot });
const reservation = (context: RunContext, wish: Wish) => {
  const { tokens = 0, costMicroUsd = 0 } = estimateOf(context, wish);
  return { ...accountOf(wish), tokens, costMicroUsd };
};
export const reservedFact = ({ context, event }: Args) => (event.type === 'effect.wanted' && isPaid(event) ? [reservation(context, event)] : []);
/** A wish that is parked or denied, and why. */
export const refusedWish = ({ context, event }: Args) => (event.type === 'effect.wanted' ? [{ ...accountOf(event), reason: reasonOf(context, event) }] : []);
export const unparkFacts = ({ context }: Args) => unpark(context).granted.filter(isPaid).map((wish) => reservation(context, wish));

/** Nothing is settled twice: an unknown account says nothing (N2). */
export function settledFact({ context, event }: Args) {
  if (event.type !== 'effect.settled' && event.type !== 'effect.late') return [];
  const settled = event.type === 'effect.late' ? { ...event, id: event.effect, estimated: false } : event;
  const reserved = reservationOf(context, settled.id);
  return reserved === undefined ? [] : [{ ...accountOf(reserved), ...chargeOf(reserved, settled) }];
}

const atEstimate = (reserved: Reserved) => ({ ...accountOf(reserved), ...chargeOf(reserved, { id: reserved.id, inputTokens: 0, outputTokens: 0, costMicroUsd: 0, estimated: true }) });
export const unknownCosts = ({ context }: Args) => context.ledger.reservations.map(atEstimate);
export const lostFacts = ({ context, event }: Args) => (event.type === 'run.resumed' ? lostOf(context).map(atEstimate) : []);

export const turnFact = ({ context, event }: Args) => (event.type === 'turn.wanted' && context.turn.holder === null ? [{ phase: event.phase, head: context.head }] : []);
export function turnPassedFact({ context, event }: Args) {
  const next = nextHolder(context, event);
  return next === null ? [] : [{ phase: next.phase, head: context.head }];
}

export const refusals = ({ event }: Args) => (event.type === 'workspace.published' && event.refused !== null ? [{ commit: event.commit, reason: event.refused }] : []);
export const publishFailed = ({ context, event }: Args) => (event.type === 'effect.failed' ? [{ commit: context.head, reason: event.code }] : []);
export const stillPaused = ({ context }: Args) => unpark(context).cap ?? heldBack(context) ?? context.pause ?? { reason: 'paused', detail: '' };
