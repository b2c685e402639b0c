// Health
// ======
// When failures say that going on makes no sense. Two counts, both of the run: what failed in all, which only a human
// resets by a resume, and how many phases failed in a row. Sources: E-218, E-219, E-639.

import type { FailureKind } from './retry.ts';
import type { PhaseOutcome } from './schedule.ts';

export interface Failures {
  readonly http5xx: number;
  readonly patches: number;
  readonly all: number;
}

export interface HealthBudget {
  readonly http5xxMax: number;
  readonly patchesMax: number;
  readonly failuresMax: number;
}

export const HEALTHY: Failures = { http5xx: 0, patches: 0, all: 0 };

const PATCH_KINDS: ReadonlySet<FailureKind> = new Set(['apply', 'conflict']);

export const afterAttempt = ({ http5xx, patches, all }: Failures, kind: FailureKind): Failures => ({ http5xx, patches: patches + Number(PATCH_KINDS.has(kind)), all: all + 1 });
export const afterCall = (failures: Failures, code: string | null): Failures => (code === 'http_5xx' ? { ...failures, http5xx: failures.http5xx + 1, all: failures.all + 1 } : failures);

/** What was reached, or null. */
export function exhaustedBy({ http5xx, patches, all }: Failures, { http5xxMax, patchesMax, failuresMax }: HealthBudget): string | null {
  if (http5xx >= http5xxMax) return `${http5xx} calls met an error of the provider`;
  if (patches >= patchesMax) return `${patches} patches did not apply`;
  return all >= failuresMax ? `${all} failures` : null;
}

/** Closed while `openedAt` is null; half open where it was open before: then `inARow` is still at its limit. */
export interface Breaker {
  readonly inARow: number;
  readonly openedAt: number | null;
}

export interface BreakerLimits {
  readonly phasesMax: number;
  readonly resetMs: number;
}

export const CLOSED: Breaker = { inARow: 0, openedAt: null };

/** Phases count, not attempts; one that was blocked, left out or stopped says nothing. */
export function afterPhase(breaker: Breaker, ended: { readonly outcome: PhaseOutcome; readonly at: number }, { phasesMax }: BreakerLimits): Breaker {
  if (ended.outcome === 'COMPLETE') return CLOSED;
  if (ended.outcome !== 'FAILED') return breaker;
  const inARow = breaker.inARow + 1;
  return { inARow, openedAt: inARow >= phasesMax ? ended.at : null };
}

/** Half open after its time. */
export const afterRest = (breaker: Breaker, at: number, { resetMs }: BreakerLimits): Breaker => (breaker.openedAt !== null && at - breaker.openedAt >= resetMs ? { ...breaker, openedAt: null } : breaker);

/** Half open, one phase at a time is tried. */
export const atOnce = ({ inARow }: Breaker, { phasesMax }: BreakerLimits, phases: number): number => (inARow >= phasesMax ? 1 : phases);
