// Run context
// ===========
// What a run remembers, and the pure accounts of wishes, reservations and turns.
//
//   N1. What is granted is reserved first; spent + reserved + wanted never passes the cap.
//   N2. A reservation ends exactly once: settled, or lost and settled at its estimate.
//   N3. The turn is held by one phase at a time, granted in the order of asking.

import { NO_BASELINE, type Baseline } from '#src/domain/check.ts';
import { pick, type PhaseOutcome, type ScheduledPhase } from '#src/domain/schedule.ts';
import type { RunPolicy } from '#src/events/policy.ts';
import type { SeenInput } from '#src/events/inputs.ts';
import type { Heard, Slot, ToRun } from './vocabulary.ts';

export interface RunInput {
  readonly run: string;
  readonly policy: RunPolicy;
  readonly phases: readonly { readonly id: string; readonly tier: number; readonly index: number; readonly dependencies: readonly string[]; readonly apart?: readonly string[] }[];
}

export interface Wish {
  readonly id: string;
  readonly phase: string;
  readonly slot: Slot;
  readonly tokens: number;
}

export interface RunContext {
  readonly run: string;
  readonly policy: RunPolicy;
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
  readonly tokenCap: number;
  readonly iterations: number | null;
  readonly attempts: number;
  readonly replans: number;
  readonly parked: readonly Wish[];
  readonly reserved: readonly Wish[];
  /** Reservations whose phase does not wait any more: their cost may still arrive. */
  readonly lost: readonly Wish[];
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly costMicroUsd: number;
  readonly turn: { readonly holder: string | null; readonly queue: readonly { readonly id: string; readonly phase: string }[] };
  readonly pause: { readonly reason: string; readonly detail: string } | null;
  readonly cancelled: boolean;
  readonly settleTries: number;
}

export type RunEvent =
  | Extract<SeenInput, { type: `run.${string}` | `workspace.${string}` | 'tests.finished' | 'effect.failed' | 'effect.late' | 'timer.fired' }>
  | Heard<ToRun>;

export function initialRun({ run, policy, phases }: RunInput): RunContext {
  return {
    run, policy, phases: phases.map((phase) => ({ apart: [], ...phase, status: 'queued', outcome: null })), open: {}, counter: 0, epoch: 0, prepared: false,
    base: '', tree: '', head: '', published: '', baseline: NO_BASELINE, tokenCap: policy.tokenCap, iterations: policy.iterations, attempts: 0, replans: 0,
    parked: [], reserved: [], lost: [], inputTokens: 0, outputTokens: 0, costMicroUsd: 0, turn: { holder: null, queue: [] },
    pause: null, cancelled: false, settleTries: 0,
  };
}

export const nextId = ({ counter }: RunContext): string => `run/${counter + 1}`;

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

export type Ruling = { readonly grant: true } | { readonly grant: false; readonly deny: string } | { readonly grant: false; readonly park: string };

const setAside = (wishes: readonly Wish[]): number => wishes.reduce((sum, { tokens }) => sum + tokens, 0);
export const tokensUsed = ({ inputTokens, outputTokens }: RunContext): number => inputTokens + outputTokens;

/** Rules on a wish in a run that is not paused. */
export function rule(context: RunContext, { slot, tokens }: Wish): Ruling {
  if (slot === 'planner' && context.replans >= context.policy.replansMax) return { grant: false, deny: 'replans_of_run' };
  if (slot === 'context' && context.iterations !== null && context.attempts >= context.iterations) return { grant: false, park: 'iterations' };
  if (MODEL_SLOTS.has(slot) && tokensUsed(context) + setAside(context.reserved) + setAside(context.lost) + tokens > context.tokenCap) return { grant: false, park: 'budget' };
  return { grant: true };
}

/** Rules on a wish in a paused one. */
export const mayFinish = (context: RunContext, { slot }: Wish): boolean => FREE_SLOTS.has(slot) && !STANDSTILL.has(context.pause?.reason ?? '');

/** Why a wish pauses the run: its trouble by class, or the cap that it meets. */
export function pauseFor(context: RunContext, wish: Wish, trouble: string | null): { reason: string; detail: string } | null {
  if (trouble !== null) return { reason: troubleClass(wish.slot, trouble), detail: trouble };
  const ruling = rule(context, wish);
  return 'park' in ruling ? { reason: ruling.park, detail: wish.phase } : null;
}

function troubleClass(slot: Slot, code: string): string {
  if (code.startsWith('crash_loop')) return 'crash_loop';
  return MODEL_SLOTS.has(slot) ? 'provider' : 'workspace';
}

export function reserve(context: RunContext, wish: Wish): Partial<RunContext> {
  return {
    ...(wish.slot === 'context' ? { attempts: context.attempts + 1 } : {}),
    ...(wish.slot === 'planner' ? { replans: context.replans + 1 } : {}),
    ...(MODEL_SLOTS.has(wish.slot) ? { reserved: [...context.reserved, wish] } : {}),
  };
}

/** A resumed run rules on everything that was parked, in order; what meets a cap stays parked. */
export function unpark(context: RunContext): { readonly context: RunContext; readonly granted: readonly Wish[]; readonly denied: readonly (Wish & { readonly reason: string })[]; readonly cap: string | null } {
  let after: RunContext = { ...context, parked: [] };
  const granted: Wish[] = [];
  const denied: (Wish & { reason: string })[] = [];
  let cap: string | null = null;
  for (const wish of context.parked) {
    const ruling = rule(after, wish);
    if (ruling.grant) {
      after = { ...after, ...reserve(after, wish) };
      granted.push(wish);
    } else if ('deny' in ruling) {
      denied.push({ ...wish, reason: ruling.deny });
    } else {
      after = { ...after, parked: [...after.parked, wish] };
      cap = ruling.park;
    }
  }
  return { context: after, granted, denied, cap };
}

export interface Settled { readonly id: string; readonly inputTokens: number; readonly outputTokens: number; readonly costMicroUsd: number; readonly estimated: boolean }

/** An estimate counts as input tokens: nobody knows better. */
export function settle(context: RunContext, { id, inputTokens, outputTokens, costMicroUsd, estimated }: Settled): Partial<RunContext> {
  const wish = [...context.reserved, ...context.lost].find((reserved) => reserved.id === id);
  if (wish === undefined) return {};
  const others = (list: readonly Wish[]): Wish[] => list.filter((reserved) => reserved.id !== id);
  return {
    reserved: others(context.reserved),
    lost: others(context.lost),
    inputTokens: context.inputTokens + (estimated ? wish.tokens : inputTokens),
    outputTokens: context.outputTokens + outputTokens,
    costMicroUsd: context.costMicroUsd + costMicroUsd,
  };
}

export function withdraw(context: RunContext, ids: readonly string[]): Partial<RunContext> {
  const isGone = ({ id }: Wish): boolean => ids.includes(id);
  return {
    parked: context.parked.filter((wish) => !isGone(wish)),
    reserved: context.reserved.filter((wish) => !isGone(wish)),
    lost: [...context.lost, ...context.reserved.filter(isGone)],
  };
}

export function settlePhase(context: RunContext, phase: string, outcome: PhaseOutcome): readonly ScheduledPhase[] {
  return context.phases.map((known) => (known.id === phase ? { ...known, status: 'done', outcome } : known));
}

export function picks(context: RunContext) {
  return pick(context.phases, context.policy.phasesAtOnce);
}

/** No phase is under way and none can begin. */
export function isOver(context: RunContext): boolean {
  const { start, block } = picks(context);
  return context.phases.every(({ status }) => status !== 'active') && start.length === 0 && block.length === 0;
}

/** Nothing that a cancelled run set going can still cost or commit anything. */
export const isDrained = ({ phases, reserved, lost }: RunContext): boolean => reserved.length + lost.length === 0 && phases.every(({ status }) => status !== 'active');

export function outcomeOf(context: RunContext): { readonly outcome: 'COMPLETE' | 'FAILED' | 'STOPPED'; readonly reason: string | null } {
  if (context.cancelled) return { outcome: 'STOPPED', reason: 'cancelled' };
  const bad = context.phases.find(({ outcome }) => outcome !== 'COMPLETE' && outcome !== 'SKIPPED');
  if (bad === undefined && context.phases.every(({ outcome }) => outcome === 'SKIPPED')) return { outcome: 'FAILED', reason: 'every phase was skipped' };
  return bad === undefined ? { outcome: 'COMPLETE', reason: null } : { outcome: 'FAILED', reason: `phase ${bad.id} ${bad.outcome ?? 'was not started'}` };
}

export const wishOf = ({ id, phase, slot, tokens }: Wish): Wish => ({ id, phase, slot, tokens });

type Resumption = Extract<RunEvent, { type: 'run.started' | 'run.resumed' }>;

export function resumedWith(context: RunContext, event: Resumption): Partial<RunContext> {
  if (event.type === 'run.started') return { epoch: event.epoch };
  return { epoch: event.epoch, tokenCap: event.tokenCap ?? context.tokenCap, iterations: event.iterations === null ? null : context.attempts + event.iterations };
}

/** The cap that a resumed run would meet at once, or null. */
export const capped = (context: RunContext, event: Resumption): string | null => unpark({ ...context, ...resumedWith(context, event) }).cap;

/** N3: a release by the holder passes the turn on, one from the queue only leaves it. */
export function passedTurn(turn: RunContext['turn'], phase: string): RunContext['turn'] {
  const queue = turn.queue.filter((waiting) => waiting.phase !== phase);
  return turn.holder === phase ? { holder: queue[0]?.phase ?? null, queue: queue.slice(1) } : { ...turn, queue };
}
