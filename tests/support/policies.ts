// Policies
// ========
// Small numbers, so that a walk over a chart meets every cap.

import type { PhasePolicy, Price, RunPolicy } from '#src/events/policy.ts';

export function phasePolicy(changes: Partial<PhasePolicy> = {}): PhasePolicy {
  return {
    attemptsMax: 3, againMax: 1, replansMax: 1, transportTriesMax: 2, transportWaitsMs: [1000], interruptionsMax: 1, reauditsMax: 1,
    builderWalk: ['m1', 'm2'], auditorWalk: ['m2'], auditor2Walk: null, judgeModel: 'm2', plannerModel: 'm2', outputTokens: 8192, outputFactorBp: 12_500, outputTokensMax: 64_000,
    auditorOutputTokens: 8192, plannerOutputTokens: 2000, callTimeoutMs: 120_000, deadlineMs: 900_000, questionMs: 900_000, questionDefault: 'reject',
    onExhausted: 'ask', askBeforeCommit: false, highRisk: false, profile: 'normal', isStrict: changes.profile === 'safety_critical', check: 'command', ownCommand: false, allowWeakerTests: false, netDeletionMax: 200, allowMassDeletion: false, allowNoop: false,
    replanTrigger: 2, replanSimilarityBp: 8000, replanMessageMin: 30, replanFatal: [], builderMode: 'full_file', batches: [], ...changes,
  };
}

export function runPolicy(changes: Partial<RunPolicy> = {}): RunPolicy {
  return {
    tokenCap: 5_000_000, costCapMicroUsd: null, phaseTokenCap: null, ciRunCap: null, iterations: null, confirm: null, phasesCap: null,
    health: { http5xxMax: 10, patchesMax: 15, failuresMax: 25 }, breaker: { phasesMax: 5, resetMs: 300_000 }, durationMs: 7_200_000, phasesAtOnce: 1, replansMax: 5, settleMs: 10_000, baseline: 'command', base: null, ...changes };
}

/** Dear enough that caps of money are met. */
export const prices: readonly Price[] = ['m1', 'm2'].map((model) => ({ model, input: 1_000_000, output: 2_000_000, cacheRead: 100_000, cacheWrite: 1_250_000 }));
