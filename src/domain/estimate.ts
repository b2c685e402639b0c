// Estimate
// ========
// What a plan would cost before anything of it begins, phase by phase: `low` where the first attempt passes, `expected`
// where those of some complexity need a second one, `worst` where every call that the caps allow is made and answers
// all it may. Sizes come from the scope's files in the base. Sources: E-135, E-019.

import { dearest } from './cost.ts';
import { estimateOutput } from './output-limit.ts';
import { tokensIn } from './prompt-budget.ts';
import type { Phase } from '#src/events/plan.ts';
import type { PhasePolicy, Price } from '#src/events/policy.ts';

export interface Sum {
  readonly tokens: number;
  readonly costMicroUsd: number;
}

export interface Estimate {
  readonly low: Sum;
  readonly expected: Sum;
  readonly worst: Sum;
}

export interface EstimateInput {
  readonly phase: Phase;
  readonly policy: PhasePolicy;
  readonly prices: readonly Price[];
  /** Of the files in its scope. */
  readonly scopeBytes: number;
  /** The most that the repository's content takes of a prompt, and of one without a scope. */
  readonly contextTokensMax: number;
  readonly heuristicTokensMax: number;
  readonly exists: (path: string) => boolean;
}

/** Instructions and the phase's own words. */
const FRAME_TOKENS = 2000;
/** A verdict with few findings. */
const VERDICT_TOKENS = 800;
/** What an auditor sees of a test run, at most. */
const TEST_OUTPUT_TOKENS = 10_000;

const NOTHING: Sum = { tokens: 0, costMicroUsd: 0 };
export const plus = (a: Sum, b: Sum): Sum => ({ tokens: a.tokens + b.tokens, costMicroUsd: a.costMicroUsd + b.costMicroUsd });
const times = (sum: Sum, count: number): Sum => ({ tokens: sum.tokens * count, costMicroUsd: sum.costMicroUsd * count });
const total = (sums: readonly Sum[]): Sum => sums.reduce(plus, NOTHING);

export const totalOf = (estimates: readonly Estimate[]): Estimate =>
  ({ low: total(estimates.map(({ low }) => low)), expected: total(estimates.map(({ expected }) => expected)), worst: total(estimates.map(({ worst }) => worst)) });

interface Sizes { readonly context: number; readonly built: number; readonly tests: number; readonly verdict: number }

export function estimatePhase(input: EstimateInput): Estimate {
  const { phase, policy } = input;
  const { attemptsMax, outputTokensMax, auditorOutputTokens, plannerOutputTokens, plannerModel, replansMax, transportTriesMax } = policy;
  const scoped = phase.scope.paths.length > 0;
  const context = Math.min(scoped ? tokensIn(input.scopeBytes) : input.heuristicTokensMax, input.contextTokensMax);
  const built = Math.min(estimateOutput({ category: phase.task_category, complexity: phase.complexity, deliverables: phase.deliverables, exists: input.exists }), outputTokensMax);
  const likely: Sizes = { context, built, tests: 1000, verdict: VERDICT_TOKENS };
  const most: Sizes = { context: input.contextTokensMax, built: outputTokensMax, tests: TEST_OUTPUT_TOKENS, verdict: auditorOutputTokens };
  const attempts = (count: number, of: (step: number) => Sum): Sum => total(Array.from({ length: count }, (_, step) => of(step)));
  const once = (step: number): Sum => attemptSum(input, likely, step);
  // An answer may be continued or asked again once, a verdict asked again once, and each call tried as often as transport allows.
  const judged = policy.auditor2Walk === null ? NOTHING : priced(input.prices, policy.judgeModel, [most.built + most.tests + 2 * most.verdict + FRAME_TOKENS, most.verdict]);
  const worstAttempt = (step: number): Sum => times(plus(attemptSum(input, most, step), judged), 2 * transportTriesMax);
  const replan = times(priced(input.prices, plannerModel, [most.context + FRAME_TOKENS, plannerOutputTokens]), replansMax * transportTriesMax);
  return {
    low: once(0),
    expected: attempts(Math.min(phase.complexity === 'high' || phase.complexity === 'medium' ? 2 : 1, attemptsMax), once),
    worst: plus(attempts(attemptsMax, worstAttempt), replan),
  };
}

function attemptSum({ policy: { builderWalk, auditorWalk, auditor2Walk }, prices }: EstimateInput, { context, built, tests, verdict }: Sizes, step: number): Sum {
  const at = (walk: readonly string[]): string => walk[Math.min(step, walk.length - 1)] ?? '';
  const auditors = [auditorWalk, ...(auditor2Walk === null ? [] : [auditor2Walk])];
  return total([priced(prices, at(builderWalk), [context + FRAME_TOKENS, built]), ...auditors.map((walk) => priced(prices, at(walk), [built + tests + FRAME_TOKENS, verdict]))]);
}

function priced(prices: readonly Price[], model: string, [inputTokens, outputTokens]: readonly [number, number]): Sum {
  const price = prices.find((known) => known.model === model);
  return { tokens: inputTokens + outputTokens, costMicroUsd: price === undefined ? 0 : dearest({ inputTokens, outputTokens }, price) };
}
