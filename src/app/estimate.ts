// Estimate of a plan
// ==================
// Each phase with what it would cost, from the plan, its policy and the files of the base.

import { estimatePhase, totalOf, type Estimate } from '#src/domain/estimate.ts';
import { within } from '#src/domain/path-policy.ts';
import type { Plan } from '#src/events/plan.ts';
import type { Policy } from '#src/events/policy.ts';
import type { TreeFile } from '#src/ports/workspace.ts';

export interface PlanEstimate {
  readonly phases: readonly (Estimate & { readonly phase_id: string })[];
  readonly total: Estimate;
}

export function estimatePlan(plan: Plan, policy: Policy, files: readonly TreeFile[]): PlanEstimate {
  const paths = new Set(files.map(({ path }) => path));
  const { tokensSteps: [contextTokensMax = 0], heuristic } = policy.context;
  const phases = plan.phases.flatMap((phase) => {
    const of = policy.phases.find((known) => known.phase === phase.phase_id)?.policy;
    if (of === undefined) return [];
    const scopeBytes = files.filter(({ path }) => phase.scope.paths.some((entry) => within(path, entry))).reduce((sum, { size }) => sum + size, 0);
    return [{ phase_id: phase.phase_id, ...estimatePhase({ phase, policy: of, prices: policy.prices, scopeBytes, contextTokensMax, heuristicTokensMax: heuristic.tokensMax, exists: (path) => paths.has(path) }) }];
  });
  return { phases, total: totalOf(phases) };
}
