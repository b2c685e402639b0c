// Policy of a run
// ===============
// Plan, configuration and flags come to the numbers that record 0 pins. Pure.

import { categoryOf } from '#src/domain/category.ts';
import { walk } from '#src/domain/routing.ts';
import type { Config } from '#src/config/config.ts';
import type { Phase, Plan } from '#src/events/plan.ts';
import type { PhasePolicy, Policy } from '#src/events/policy.ts';
import type { RunSettings } from '#src/plan/parse.ts';

export interface PolicyFlags {
  readonly base: string | null;
  readonly iterations: number | null;
  readonly tokenCap: number | null;
  readonly dualAudit: boolean;
  readonly sandbox: Policy['sandbox'];
  /** Whether anybody answers for a model; a second auditor that nobody answers for is left out, and said so (E-163). */
  readonly reachable: (model: string) => boolean;
}

export function policyFor(plan: Plan, settings: RunSettings, config: Config, flags: PolicyFlags): Policy {
  const { executor, models } = config;
  const minutes = settings.durationMinutes;
  return {
    run: {
      tokenCap: flags.tokenCap ?? settings.tokenCap ?? executor.tokens.runCap,
      iterations: flags.iterations,
      durationMs: minutes === null ? executor.timeouts.runMs : minutes * 60_000,
      phasesAtOnce: settings.parallel ?? 1,
      replansMax: executor.replan.perRunMax,
      settleMs: executor.timeouts.settleMs,
      baseline: plan.baseline.kind,
      base: flags.base,
    },
    phases: plan.phases.map((phase) => ({ phase: phase.phase_id, policy: phasePolicy(phase, plan.baseline, { settings, config, flags }) })),
    prices: [...models.models].map(([model, { input, output, cacheRead, cacheWrite }]) => ({ model, input, output, cacheRead, cacheWrite })),
    context: executor.context,
    guards: executor.guards,
    protectedPaths: [...new Set([...config.protectedPaths, ...plan.protected])],
    setupTimeoutMs: executor.timeouts.setupMs,
    project: settings.project,
    sandbox: flags.sandbox,
    warnings: plan.phases.flatMap((phase) => singleAudit(phase, config, flags)),
  };
}

type Flags = Pick<PolicyFlags, 'dualAudit' | 'reachable'>;

/** The second auditor's models where the category asks for one; null where it does not, or nobody answers for them. */
function secondWalk(phase: Phase, config: Pick<Config, 'models' | 'categories'>, { dualAudit, reachable }: Flags): string[] | null {
  const wanted = wantedSecond(phase, config, reachable);
  return dualAudit && wanted !== null && wanted.every(reachable) ? wanted : null;
}

function wantedSecond({ task_category: category }: Phase, { models, categories }: Pick<Config, 'models' | 'categories'>, reachable: Flags['reachable']): string[] | null {
  const routed = { category, complexity: 'high' as const, reachable };
  return categoryOf(categories, category).dualAudit ? (walk(models, { role: 'auditor2', ...routed }) ?? walk(models, { role: 'builder', ...routed })) : null;
}

function singleAudit(phase: Phase, config: Config, flags: Flags): string[] {
  const wanted = wantedSecond(phase, config, flags.reachable);
  if (wanted === null || secondWalk(phase, config, flags) !== null) return [];
  return [`${phase.phase_id}: one auditor instead of two: ${flags.dualAudit ? `nobody answers for ${wanted.filter((model) => !flags.reachable(model))[0] ?? ''}` : '--no-dual-auditor'}`];
}

/** Of two commands the results cannot be compared. Limits and gates do not change what is run. */
function isOwn(ci: Phase['ci'], baseline: Plan['baseline']): boolean {
  if (ci.kind !== 'command' || baseline.kind !== 'command') return true;
  const run = ({ argv, workdir, env, reports }: typeof ci): string => JSON.stringify([argv, workdir, env, reports]);
  return run(ci) !== run(baseline);
}

interface Given { readonly settings: RunSettings; readonly config: Config; readonly flags: PolicyFlags }

function phasePolicy(phase: Phase, baseline: Plan['baseline'], { settings: { profile }, config: { executor, models, categories }, flags: { dualAudit, reachable } }: Given): PhasePolicy {
  const category = categoryOf(categories, phase.task_category);
  const routed = { category: phase.task_category, complexity: category.highRisk ? ('high' as const) : phase.complexity, reachable };
  const walkOf = (role: 'builder' | 'auditor' | 'auditor2'): string[] | null => walk(models, { role, ...routed });
  const { docsOutput, testsOutput, output } = executor.tokens;
  const outputs = phase.task_category === 'docs' ? docsOutput : phase.task_category === 'tests' ? testsOutput : output;
  return {
    attemptsMax: Math.min(phase.max_builder_attempts ?? category.attemptsMax, executor.attempts.perPhaseMax),
    againMax: executor.attempts.againMax,
    replansMax: executor.replan.perPhaseMax,
    transportTriesMax: executor.transport.triesMax,
    transportWaitsMs: [...executor.transport.waitsMs],
    interruptionsMax: executor.interruptionsMax,
    reauditsMax: executor.attempts.reauditsMax,
    builderWalk: walkOf('builder') ?? [models.planner],
    auditorWalk: walkOf('auditor') ?? [models.planner],
    auditor2Walk: secondWalk(phase, { models, categories }, { dualAudit, reachable }),
    plannerModel: models.planner,
    outputTokens: outputs[phase.complexity],
    outputFactorBp: executor.tokens.factorBp,
    outputTokensMax: executor.tokens.outputMax,
    auditorOutputTokens: executor.tokens.auditorOutput,
    plannerOutputTokens: executor.tokens.plannerOutput,
    callTimeoutMs: executor.timeouts.callMs,
    deadlineMs: executor.timeouts.phaseMs,
    questionMs: executor.human.expiryMs,
    questionDefault: executor.human.default,
    onExhausted: executor.onExhausted[profile],
    askBeforeCommit: category.askBeforeCommit,
    highRisk: category.highRisk,
    profile,
    check: phase.ci.kind,
    ownCommand: isOwn(phase.ci, baseline),
    allowWeakerTests: phase.ci.kind === 'command' && phase.ci.allowWeakerTests,
    netDeletionMax: executor.gate.netDeletionMax,
    allowMassDeletion: phase.allow_mass_deletion,
    allowNoop: phase.allow_noop,
    replanTrigger: executor.replan.trigger,
    replanSimilarityBp: executor.replan.similarityBp,
    replanMessageMin: executor.replan.messageMin,
    replanFatal: [...executor.replan.fatal],
    builderMode: phase.builder_mode,
  };
}
