// Policy of a run
// ===============
// Plan, configuration and flags come to the numbers that record 0 pins. Pure.

import { categoryOf } from '#src/domain/category.ts';
import { route, secondAuditors, walk, type Routed, type Vendors } from '#src/domain/routing.ts';
import { batchesOf } from '#src/domain/special.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Config } from '#src/config/config.ts';
import type { Phase, Plan } from '#src/events/plan.ts';
import type { Resumption } from '#src/events/inputs.ts';
import type { PhasePolicy, Policy } from '#src/events/policy.ts';
import type { RunSettings } from '#src/plan/parse.ts';

export interface PolicyFlags {
  readonly base: string | null;
  /** Those of the flags: before those of the plan and the configuration. */
  readonly caps: Resumption;
  readonly dualAudit: boolean;
  readonly sandbox: Policy['sandbox'];
  readonly vendors: Vendors;
  /** What is known of each vendor; pinned. */
  readonly known: Policy['vendors'];
}

/** @throws ExecutorError `provider.invalid` with every model that cannot be asked and that nobody stands in for. */
export function policyFor(plan: Plan, settings: RunSettings, config: Config, flags: PolicyFlags): Policy {
  const { executor, models } = config;
  const { caps } = flags;
  const routes = plan.phases.map((phase) => [phase, routesOf(phase, config, flags)] as const);
  const refused = routes.flatMap(([{ phase_id: id }, { refused: models }]) => models.map((why) => `${id}: ${why}`));
  if (refused.length > 0) throw new ExecutorError('provider.invalid', `these models cannot be asked:\n${refused.map((why) => `  ${why}`).join('\n')}`, { hint: 'wait for the quota, switch the vendor on, or name others in config/models.yaml; --no-dual-auditor does with one auditor' });
  const minutes = settings.durationMinutes;
  return {
    run: {
      tokenCap: caps.tokenCap ?? settings.tokenCap ?? executor.tokens.runCap,
      costCapMicroUsd: caps.costCapMicroUsd ?? settings.costCapMicroUsd,
      confirm: null,
      phaseTokenCap: caps.phaseTokenCap ?? settings.phaseTokenCap ?? executor.tokens.phaseCap,
      ciRunCap: caps.ciRunCap ?? settings.ciRunCap,
      iterations: caps.iterations,
      phasesCap: caps.phases,
      health: executor.health,
      breaker: executor.breaker,
      durationMs: minutes === null ? executor.timeouts.runMs : minutes * 60_000,
      phasesAtOnce: settings.parallel ?? 1,
      replansMax: executor.replan.perRunMax,
      settleMs: executor.timeouts.settleMs,
      baseline: plan.baseline.kind,
      base: flags.base,
    },
    phases: routes.map(([phase, routed]) => ({ phase: phase.phase_id, policy: phasePolicy(phase, plan.baseline, { settings, config, routed }) })),
    prices: [...models.models].map(([model, { input, output, cacheRead, cacheWrite }]) => ({ model, input, output, cacheRead, cacheWrite })),
    context: executor.context,
    guards: executor.guards,
    protectedPaths: [...new Set([...config.protectedPaths, ...plan.protected])],
    criticalPaths: executor.gate.criticalPaths,
    vendors: flags.known,
    setupTimeoutMs: executor.timeouts.setupMs,
    project: settings.project,
    sandbox: flags.sandbox,
    warnings: routes.flatMap(([{ phase_id: id }, { notes }]) => notes.map((note) => `${id}: ${note}`.slice(0, 500))).slice(0, 40),
  };
}

interface Routes extends Pick<Routed, 'notes' | 'refused'> {
  readonly builder: readonly string[];
  readonly auditor: readonly string[];
  readonly auditor2: readonly string[] | null;
  readonly planner: string;
  readonly judge: string;
}

/** A high-risk category is routed as if its phases were complex (E-140). */
function routesOf({ task_category: category, complexity }: Phase, { models, categories }: Pick<Config, 'models' | 'categories'>, { vendors, dualAudit }: Pick<PolicyFlags, 'vendors' | 'dualAudit'>): Routes {
  const { highRisk, secondAuditor } = categoryOf(categories, category);
  const routed = (names: readonly string[]): Routed => route(models, vendors, { models: names, category });
  const walked = (role: 'builder' | 'auditor'): Routed => routed(walk(models, { role, category, complexity: highRisk ? 'high' : complexity }));
  const [builder, auditor, planner, judge] = [walked('builder'), walked('auditor'), routed([models.planner]), routed([models.judge])];
  const auditor2 = secondAuditor === 'none' || !dualAudit ? null : secondAuditors(models, vendors, auditor.models);
  const missing = secondAuditor === 'none' || auditor2 !== null ? null : dualAudit ? 'no second auditor of another vendor can be asked' : '--no-dual-auditor';
  const isRefused = secondAuditor === 'required' && dualAudit && missing !== null;
  const all = [builder, auditor, planner, ...(auditor2 === null ? [] : [judge])];
  const notes = missing === null || isRefused ? [] : [`one auditor instead of two: ${missing}`];
  return {
    builder: builder.models, auditor: auditor.models, auditor2, planner: planner.models[0] ?? '', judge: judge.models[0] ?? '',
    notes: [...new Set([...notes, ...all.flatMap((one) => one.notes)])],
    refused: [...new Set([...(isRefused ? [`its category requires two auditors, and ${missing}`] : []), ...all.flatMap((one) => one.refused)])],
  };
}

/** Of two commands the results cannot be compared. Limits and gates do not change what is run. */
function isOwn(ci: Phase['ci'], baseline: Plan['baseline']): boolean {
  if (ci.kind !== 'command' || baseline.kind !== 'command') return true;
  const run = ({ argv, workdir, env, reports }: typeof ci): string => JSON.stringify([argv, workdir, env, reports]);
  return run(ci) !== run(baseline);
}

interface Given { readonly settings: RunSettings; readonly config: Config; readonly routed: Routes }

function phasePolicy(phase: Phase, baseline: Plan['baseline'], { settings: { profile }, config: { executor, categories, special }, routed }: Given): PhasePolicy {
  const category = categoryOf(categories, phase.task_category);
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
    builderWalk: [...routed.builder],
    auditorWalk: [...routed.auditor],
    auditor2Walk: routed.auditor2 === null ? null : [...routed.auditor2],
    judgeModel: routed.judge,
    plannerModel: routed.planner,
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
    isStrict: category.strict || profile === 'safety_critical',
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
    batches: batchesOf(phase, special),
  };
}
