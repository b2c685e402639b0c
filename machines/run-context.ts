// Run context
// ===========
// What a run remembers, and the pure accounts of wishes, reservations and turns.
//
//   N1. What is granted is reserved first; spent + reserved + wanted never passes the cap.
//   N2. A reservation ends exactly once: settled, or lost and settled at its estimate.
//   N3. The turn is held by one phase at a time, granted in the order of asking.

import { NO_BASELINE, type Baseline } from '#src/domain/check.ts';
import { dearest, usd } from '#src/domain/cost.ts';
import { accountIn, available, close, isIdle, lackOf, ledgerOf, limited, open, reserve as reserveIn, ROOT, settle as settleIn, spend, type Amounts, type Lack, type Ledger, type Reservation, type Resource } from '#src/domain/ledger.ts';
import { afterAttempt, afterCall, afterPhase, afterRest, atOnce, CLOSED, exhaustedBy, HEALTHY, type Breaker, type Failures } from '#src/domain/health.ts';
import { pick, type PhaseOutcome, type ScheduledPhase } from '#src/domain/schedule.ts';
import type { FailureKind } from '#src/domain/retry.ts';
import type { Price, RunPolicy } from '#src/events/policy.ts';
import type { SeenInput } from '#src/events/inputs.ts';
import { actorOf } from './phase-context.ts';
import type { Heard, Slot, ToRun } from './vocabulary.ts';

export interface RunInput {
  readonly run: string;
  readonly policy: RunPolicy;
  readonly prices: readonly Price[];
  readonly phases: readonly { readonly id: string; readonly tier: number; readonly index: number; readonly dependencies: readonly string[]; readonly apart?: readonly string[] }[];
}

export interface Wish {
  readonly id: string;
  readonly phase: string;
  readonly slot: Slot;
  /** Null where nothing is paid for. */
  readonly model: string | null;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** A granted wish that is paid for, until its cost is known. */
export interface Reserved extends Wish, Reservation {
  /** Its phase does not wait any more: what it cost may still arrive. */
  readonly lost: boolean;
}

export interface Pause {
  readonly reason: string;
  readonly detail: string;
}

export interface RunContext {
  readonly run: string;
  readonly policy: RunPolicy;
  readonly prices: readonly Price[];
  readonly phases: readonly ScheduledPhase[];
  readonly open: Readonly<Record<string, string>>;
  readonly counter: number;
  readonly epoch: number;
  /** Base and baseline are known; a resume goes on behind them. */
  readonly prepared: boolean;
  readonly base: string;
  readonly tree: string;
  /** The branch's head: the base until the first commit. */
  readonly head: string;
  readonly published: string;
  readonly baseline: Baseline;
  /** An account of the run, and one of each phase that has begun. */
  readonly ledger: Ledger<Reserved>;
  readonly phaseTokenCap: number | null;
  readonly failures: Failures;
  readonly breaker: Breaker;
  readonly parked: readonly Wish[];
  /** The two parts of the tokens that are settled. */
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly turn: { readonly holder: string | null; readonly queue: readonly { readonly id: string; readonly phase: string }[] };
  readonly pause: Pause | null;
  /** Why it ends before its phases do; null where it does not. */
  readonly stopped: 'cancelled' | 'estimate_rejected' | null;
  readonly settleTries: number;
}

export type RunEvent =
  | Extract<SeenInput, { type: `run.${string}` | `workspace.${string}` | 'tests.finished' | 'effect.failed' | 'effect.late' | 'timer.fired' | 'question.answered' }>
  | Heard<ToRun>;

export function initialRun({ run, policy, prices, phases }: RunInput): RunContext {
  return {
    run, policy, prices, phases: phases.map((phase) => ({ apart: [], ...phase, status: 'queued', outcome: null })), open: {}, counter: 0, epoch: 0, prepared: false,
    base: '', tree: '', head: '', published: '', baseline: NO_BASELINE, ledger: ledgerOf(limitsOf(policy)), phaseTokenCap: policy.phaseTokenCap,
    failures: HEALTHY, breaker: CLOSED, parked: [], inputTokens: 0, outputTokens: 0, turn: { holder: null, queue: [] },
    pause: null, stopped: null, settleTries: 0,
  };
}

export const nextId = ({ counter }: RunContext, ahead = 1): string => `run/${counter + ahead}`;

export function opened(context: RunContext, kind: string, closes = ''): { counter: number; open: Record<string, string> } {
  const open = Object.fromEntries(Object.entries(context.open).filter(([id]) => id !== closes));
  return { counter: context.counter + 1, open: { ...open, [nextId(context)]: kind } };
}

export const closed = (context: RunContext, id: string): Record<string, string> => Object.fromEntries(Object.entries(context.open).filter(([key]) => key !== id));
export const awaits = ({ open }: RunContext, kind: string): boolean => Object.values(open).includes(kind);

const MODEL_SLOTS = new Set<Slot>(['builder', 'auditor', 'auditor2', 'judge', 'planner']);
/** What a paused run still lets finish: it costs nothing and keeps what was paid for. */
const FREE_SLOTS = new Set<Slot>(['candidate', 'tests', 'commit']);
/** Reasons that concern the machine: nothing at all can be done. */
const STANDSTILL = new Set(['workspace', 'crash_loop']);

export type Ruling = { readonly grant: true } | { readonly grant: false; readonly deny: string } | { readonly grant: false; readonly park: string; readonly detail: string };

/** Null in a policy: without limit. */
function limitsOf({ tokenCap, costCapMicroUsd, iterations, phasesCap, ciRunCap, replansMax }: RunPolicy): Amounts {
  return withoutNulls({ tokens: tokenCap, costMicroUsd: costCapMicroUsd, attempts: iterations, phases: phasesCap, ciRuns: ciRunCap, replans: replansMax });
}

const withoutNulls = (limits: Partial<Record<Resource, number | null>>): Amounts => Object.fromEntries(Object.entries(limits).filter(([, limit]) => limit !== null));

const spentOf = ({ ledger }: RunContext, resource: Resource): number => accountIn(ledger, ROOT)?.settled[resource] ?? 0;
export const costSpent = (context: RunContext): number => spentOf(context, 'costMicroUsd');

/** What a call may take, at the price of all that may come out. */
export function estimateOf({ prices }: RunContext, { model, inputTokens, outputTokens }: Wish): Amounts {
  const price = prices.find((known) => known.model === model);
  return { tokens: inputTokens + outputTokens, costMicroUsd: price === undefined ? 0 : dearest({ inputTokens, outputTokens }, price) };
}

/** What is used by being granted. */
const COUNTED: Readonly<Record<Slot, Amounts>> = { context: { attempts: 1 }, tests: { ciRuns: 1 }, planner: { replans: 1 }, builder: {}, auditor: {}, auditor2: {}, judge: {}, candidate: {}, commit: {} };
const needOf = (context: RunContext, wish: Wish): Amounts => ({ ...COUNTED[wish.slot], ...(MODEL_SLOTS.has(wish.slot) ? estimateOf(context, wish) : {}) });

/** What a lack leads to: a re-plan has another way out, all else waits for a resume. */
const REASONS: Readonly<Record<Exclude<Resource, 'replans'>, string>> = { attempts: 'iterations', phases: 'phases', ciRuns: 'ci_runs', costMicroUsd: 'cost', tokens: 'budget' };

export const reasonFor = ({ resource, account }: Lack): string => (resource === 'replans' ? 'replans_of_run' : resource === 'tokens' && account !== ROOT ? 'phase_budget' : REASONS[resource]);

/** Derived, not stored (F-023). */
export function lackText({ account, resource, limit, available: left, needed }: Lack): string {
  const shown = (amount: number): string => (resource === 'costMicroUsd' ? usd(amount) : String(amount));
  return `${account}: ${shown(needed)} more do not fit, ${shown(Math.max(0, left))} of ${shown(limit)} are left`;
}

/** The account that pays. Before its phase begins, and behind its end, that is the run's. */
const accountFor = ({ ledger }: RunContext, phase: string): string => (accountIn(ledger, actorOf(phase)) === undefined ? ROOT : actorOf(phase));

/** Rules on a wish in a run that is not paused. */
export function rule(context: RunContext, wish: Wish): Ruling {
  const lack = lackOf(context.ledger, accountFor(context, wish.phase), needOf(context, wish));
  if (lack === null) return { grant: true };
  return lack.resource === 'replans' ? { grant: false, deny: reasonFor(lack) } : { grant: false, park: reasonFor(lack), detail: `${wish.slot} of ${wish.phase}; ${lackText(lack)}` };
}

/** Rules on a wish in a paused one. */
export const mayFinish = (context: RunContext, wish: Wish): boolean => FREE_SLOTS.has(wish.slot) && !STANDSTILL.has(context.pause?.reason ?? '') && rule(context, wish).grant;

/** Why a wish pauses the run: its trouble by class, or the cap that it meets. */
export function pauseFor(context: RunContext, wish: Wish, trouble: string | null): Pause | null {
  if (trouble !== null) return { reason: troubleClass(wish.slot, trouble), detail: trouble };
  const ruling = rule(context, wish);
  return 'park' in ruling ? { reason: ruling.park, detail: ruling.detail } : null;
}

function troubleClass(slot: Slot, code: string): string {
  if (code.startsWith('crash_loop')) return 'crash_loop';
  return MODEL_SLOTS.has(slot) ? 'provider' : 'workspace';
}

/** N1: what is counted is used, what is paid for is held. */
export function reserve(context: RunContext, wish: Wish): { readonly ledger: Ledger<Reserved> } {
  const account = accountFor(context, wish.phase);
  const ledger = spend(context.ledger, account, COUNTED[wish.slot]);
  return { ledger: MODEL_SLOTS.has(wish.slot) ? reserveIn(ledger, { ...wish, account, estimate: estimateOf(context, wish), lost: false }) : ledger };
}

/** A resumed run rules on everything that was parked, in order; what meets a cap stays parked. */
export function unpark(context: RunContext): { readonly context: RunContext; readonly granted: readonly Wish[]; readonly denied: readonly (Wish & { readonly reason: string })[]; readonly cap: Pause | null } {
  let after: RunContext = { ...context, parked: [] };
  const granted: Wish[] = [];
  const denied: (Wish & { reason: string })[] = [];
  let cap: Pause | null = null;
  for (const wish of context.parked) {
    const ruling = rule(after, wish);
    if (ruling.grant) {
      after = { ...after, ...reserve(after, wish) };
      granted.push(wish);
    } else if ('deny' in ruling) {
      denied.push({ ...wish, reason: ruling.deny });
    } else {
      after = { ...after, parked: [...after.parked, wish] };
      cap = { reason: ruling.park, detail: ruling.detail };
    }
  }
  return { context: after, granted, denied, cap };
}

export interface Settled { readonly id: string; readonly inputTokens: number; readonly outputTokens: number; readonly costMicroUsd: number; readonly estimated: boolean; readonly failure?: string | null }

export const reservationOf = ({ ledger }: RunContext, id: string): Reserved | undefined => ledger.reservations.find((reserved) => reserved.id === id);
export const isPaid = (wish: Wish): boolean => MODEL_SLOTS.has(wish.slot);

/** What an account is charged: what was used, or all of the estimate, where nobody knows (F-020). */
export function chargeOf({ estimate, ...wish }: Reserved, { inputTokens, outputTokens, costMicroUsd, estimated }: Settled): Omit<Settled, 'id'> {
  return estimated ? { inputTokens: wish.inputTokens, outputTokens: wish.outputTokens, costMicroUsd: estimate.costMicroUsd ?? 0, estimated } : { inputTokens, outputTokens, costMicroUsd, estimated };
}

/** Nothing is settled twice: an unknown account says nothing (N2). */
export function settle(context: RunContext, settled: Settled): Partial<RunContext> {
  const reserved = reservationOf(context, settled.id);
  if (reserved === undefined) return {};
  const { inputTokens, outputTokens, costMicroUsd } = chargeOf(reserved, settled);
  return {
    failures: afterCall(context.failures, settled.failure ?? null),
    ledger: closedIdle(settleIn(context.ledger, settled.id, { tokens: inputTokens + outputTokens, costMicroUsd }), context.phases),
    inputTokens: context.inputTokens + inputTokens,
    outputTokens: context.outputTokens + outputTokens,
  };
}

/** An account is closed with its phase, but not before its last call is paid. */
function closedIdle(ledger: Ledger<Reserved>, phases: readonly ScheduledPhase[]): Ledger<Reserved> {
  const over = phases.filter(({ id, status }) => status === 'done' && accountIn(ledger, actorOf(id)) !== undefined && isIdle(ledger, actorOf(id)));
  return over.reduce((left, { id }) => close(left, actorOf(id)), ledger);
}

const UNKNOWN: Omit<Settled, 'id'> = { inputTokens: 0, outputTokens: 0, costMicroUsd: 0, estimated: true };

export const lostOf = ({ ledger }: RunContext): readonly Reserved[] => ledger.reservations.filter(({ lost }) => lost);

export const settledAtEstimate = (context: RunContext, lost: readonly Reserved[]): Partial<RunContext> =>
  lost.reduce((sum, { id }) => ({ ...sum, ...settle(sum, { id, ...UNKNOWN }) }), context);

export function withdraw(context: RunContext, ids: readonly string[]): Partial<RunContext> {
  const isGone = ({ id }: { readonly id: string }): boolean => ids.includes(id);
  const reservations = context.ledger.reservations.map((reserved) => (isGone(reserved) ? { ...reserved, lost: true } : reserved));
  return { parked: context.parked.filter((wish) => !isGone(wish)), ledger: { ...context.ledger, reservations } };
}

export function settlePhase(context: RunContext, { phase, outcome, at }: { readonly phase: string; readonly outcome: PhaseOutcome; readonly at: number }): Partial<RunContext> {
  const phases = context.phases.map((known): ScheduledPhase => (known.id === phase ? { ...known, status: 'done', outcome } : known));
  return { phases, breaker: afterPhase(context.breaker, { outcome, at }, context.policy.breaker), ledger: closedIdle(context.ledger, phases) };
}

export const failedAttempt = ({ failures }: RunContext, kind: FailureKind): Pick<RunContext, 'failures'> => ({ failures: afterAttempt(failures, kind) });

/** Why a run stops that has too many failures, whatever its caps say. */
function unwell({ failures, breaker, policy }: RunContext): Pause | null {
  const reached = exhaustedBy(failures, policy.health);
  if (reached !== null) return { reason: 'health', detail: reached };
  const seconds = Math.ceil(policy.breaker.resetMs / 1000);
  return breaker.openedAt === null ? null : { reason: 'circuit_breaker_open', detail: `${breaker.inARow} phases failed in a row; one more is tried ${seconds} s later` };
}

/** The phases that begin now: as many as the cap lets, none where too much failed. */
export function picks(context: RunContext) {
  const { start, block } = pick(context.phases, atOnce(context.breaker, context.policy.breaker, context.policy.phasesAtOnce));
  if (unwell(context) !== null) return { start: [], block };
  const run = accountIn(context.ledger, ROOT);
  return { start: start.slice(0, run === undefined ? 0 : Math.max(0, available(run, 'phases') ?? start.length)), block };
}

/** Each phase that begins takes one of the run's phases, and has an account from then on. */
export function begun(context: RunContext): Partial<RunContext> {
  const { start } = picks(context);
  const limits = withoutNulls({ tokens: context.phaseTokenCap });
  const ledger = start.reduce((left, phase) => open(spend(left, ROOT, { phases: 1 }), { id: actorOf(phase), parent: ROOT, limits, allocated: {} }), context.ledger);
  return { ledger, phases: context.phases.map((phase) => (start.includes(phase.id) ? { ...phase, status: 'active' } : phase)) };
}

const noneActive = ({ phases }: RunContext): boolean => phases.every(({ status }) => status !== 'active');

/** No phase is under way and none can begin. */
export function isOver(context: RunContext): boolean {
  const { start, block } = pick(context.phases, context.policy.phasesAtOnce);
  return noneActive(context) && start.length === 0 && block.length === 0;
}

/** Why the run pauses by itself: too much failed, or a phase could begin and may not. */
export function heldBack(context: RunContext): Pause | null {
  const sick = unwell(context);
  if (sick !== null) return sick;
  if (!noneActive(context) || pick(context.phases, 1).start.length === 0) return null;
  const lack = lackOf(context.ledger, ROOT, { phases: 1 });
  return lack === null ? null : { reason: reasonFor(lack), detail: lackText(lack) };
}

/** Nothing that a cancelled run set going can still cost or commit anything. */
export const isDrained = (context: RunContext): boolean => context.ledger.reservations.length === 0 && noneActive(context);

export function outcomeOf(context: RunContext): { readonly outcome: 'COMPLETE' | 'FAILED' | 'STOPPED'; readonly reason: string | null } {
  if (context.stopped !== null) return { outcome: 'STOPPED', reason: context.stopped };
  const bad = context.phases.find(({ outcome }) => outcome !== 'COMPLETE' && outcome !== 'SKIPPED');
  if (bad === undefined && context.phases.every(({ outcome }) => outcome === 'SKIPPED')) return { outcome: 'FAILED', reason: 'every phase was skipped' };
  return bad === undefined ? { outcome: 'COMPLETE', reason: null } : { outcome: 'FAILED', reason: `phase ${bad.id} ${bad.outcome ?? 'was not started'}` };
}

export const wishOf = ({ id, phase, slot, model, inputTokens, outputTokens }: Wish): Wish => ({ id, phase, slot, model, inputTokens, outputTokens });

type Resumption = Extract<RunEvent, { type: 'run.started' | 'run.resumed' }>;

/** A take-over brings new caps. Nobody brings the cost of calls that were lost with the process before it any more. */
export function resumedWith(before: RunContext, event: Resumption): Partial<RunContext> {
  if (event.type === 'run.started') return { epoch: event.epoch };
  const context: RunContext = { ...before, ...settledAtEstimate(before, lostOf(before)) };
  const more = (resource: Resource, count: number | null): number | null => (count === null ? null : spentOf(context, resource) + count);
  const old = accountIn(context.ledger, ROOT)?.limits ?? {};
  const phaseTokenCap = event.phaseTokenCap ?? context.phaseTokenCap;
  const limits = withoutNulls({
    tokens: event.tokenCap ?? old.tokens ?? null, costMicroUsd: event.costCapMicroUsd ?? old.costMicroUsd ?? null, ciRuns: event.ciRunCap ?? old.ciRuns ?? null,
    replans: old.replans ?? null, attempts: more('attempts', event.iterations), phases: more('phases', event.phases),
  });
  const ledger = context.phases.reduce((left, { id }) => limited(left, actorOf(id), withoutNulls({ tokens: phaseTokenCap })), limited(context.ledger, ROOT, limits));
  // A resume is a human's word that failures are dealt with; only time half opens the breaker.
  const failures = context.pause?.reason === 'health' ? HEALTHY : context.failures;
  return { epoch: event.epoch, failures, breaker: afterRest(context.breaker, event.at, context.policy.breaker), phaseTokenCap, ledger, inputTokens: context.inputTokens, outputTokens: context.outputTokens };
}

/** What a resumed run would meet at once, or null. */
export function capped(before: RunContext, event: Resumption): Pause | null {
  const context = { ...before, ...resumedWith(before, event) };
  return unpark(context).cap ?? heldBack(context);
}

/** N3: a release by the holder passes the turn on, one from the queue only leaves it. */
export function passedTurn(turn: RunContext['turn'], phase: string): RunContext['turn'] {
  const queue = turn.queue.filter((waiting) => waiting.phase !== phase);
  return turn.holder === phase ? { holder: queue[0]?.phase ?? null, queue: queue.slice(1) } : { ...turn, queue };
}
