// Configuration
// =============
// The defaults of `config/*.yaml`, parsed strictly once: unknown keys and wrong values are errors with file, line and
// path, all at once. What a run uses of it is pinned in its record 0.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ExecutorError } from '#src/errors/errors.ts';
import { noticeText, parseLocated, schemaNotices } from '#src/yaml/located.ts';
import { Policy, RunPolicy } from '#src/events/policy.ts';
import type { CategoryTable } from '#src/domain/category.ts';
import type { ModelTable } from '#src/domain/routing.ts';
import { SPECIAL_PHASES, type SpecialTable } from '#src/domain/special.ts';

const Count = z.int().nonnegative();
const PerComplexity = z.strictObject({ low: Count, medium: Count, high: Count, maintenance: Count });
const Executor = z.strictObject({
  attempts: z.strictObject({ perPhaseMax: z.int().min(1), againMax: Count, reauditsMax: Count }),
  transport: z.strictObject({ triesMax: z.int().min(1), waitsMs: z.array(Count).min(1) }),
  interruptionsMax: Count,
  replan: z.strictObject({ trigger: z.int().min(2), similarityBp: Count.max(10_000), messageMin: Count, perPhaseMax: Count, perRunMax: Count, fatal: z.array(z.string()) }),
  human: z.strictObject({ expiryMs: Count, default: z.enum(['approve', 'reject']) }),
  onExhausted: z.strictObject({ normal: z.enum(['fail', 'ask']), safety_critical: z.enum(['fail', 'ask']) }),
  timeouts: z.strictObject({ phaseMs: Count, runMs: Count, callMs: Count, testsMs: Count, baselineMs: Count, setupMs: Count, settleMs: Count }),
  tokens: z.strictObject({ runCap: Count, phaseCap: Count, factorBp: Count, outputMax: Count, output: PerComplexity, docsOutput: PerComplexity, testsOutput: PerComplexity, auditorOutput: Count, plannerOutput: Count }),
  context: Policy.shape.context,
  health: RunPolicy.shape.health,
  breaker: RunPolicy.shape.breaker,
  gate: z.strictObject({ netDeletionMax: Count, criticalPaths: Policy.shape.criticalPaths }),
  snapshots: z.strictObject({ everyRecords: z.int().min(1) }),
  guards: Policy.shape.guards,
  plan: z.strictObject({ phasesMax: z.int().min(1), filesPerScopeMax: Count, bytesMax: Count }),
});
const Chain = z.array(z.string()).min(1);
const Chains = z.strictObject({ low: Chain, medium: Chain, high: Chain });
const Vendor = z.enum(['openai', 'anthropic']);
const Step = z.strictObject({ after: Count, builder: z.string(), auditor: z.string() });
const Models = z.strictObject({
  models: z.record(z.string(), z.strictObject({ provider: Vendor, rank: z.int().min(1), input: Count, output: Count, cacheRead: Count, cacheWrite: Count, structured: z.boolean() })),
  aliases: z.record(z.string(), z.string()),
  planner: z.string(),
  judge: z.string(),
  auditor2: Chain,
  chains: z.strictObject({ builder: Chains, auditor: Chains }),
  policies: z.record(z.string(), z.strictObject({ strategy: z.enum(['best_first', 'progressive', 'cheap_first']), neverFallback: z.boolean(), steps: z.array(Step).min(1) })),
  fallbacks: z.record(z.string(), Chain),
  quotas: z.partialRecord(Vendor, z.strictObject({ weeklyTokens: Count, softPercent: Count.max(100) })),
  disabledVendors: z.array(Vendor),
});
const Categories = z.record(z.string(), z.strictObject({ highRisk: z.boolean(), secondAuditor: z.enum(['none', 'wanted', 'required']), strict: z.boolean(), askBeforeCommit: z.boolean(), attemptsMax: z.int().min(1) }));
const Phases = z.record(z.string(), z.array(z.strictObject({ name: z.string().min(1), prefixes: z.array(z.string().min(1)).min(1) })).min(1));
const Protection = z.strictObject({ protected: z.array(z.string()) });

export interface Config {
  readonly executor: z.infer<typeof Executor>;
  readonly models: ModelTable;
  readonly categories: CategoryTable;
  readonly special: SpecialTable;
  readonly protectedPaths: readonly string[];
}

/** @throws ExecutorError `config.invalid` with every problem as file:line:column: path: what. */
export async function loadConfig(folder: string): Promise<Config> {
  const problems: string[] = [];
  const executor = await read(folder, 'executor.yaml', Executor, problems);
  const models = await read(folder, 'models.yaml', Models, problems, (file) => [...unknownModels(file), ...oddPolicies(file)]);
  const categories = await read(folder, 'categories.yaml', Categories, problems);
  const phases = await read(folder, 'phases.yaml', Phases, problems, missingPhases);
  const protection = await read(folder, 'protection.yaml', Protection, problems);
  if (executor === null || models === null || categories === null || phases === null || protection === null || problems.length > 0) {
    throw new ExecutorError('config.invalid', `the configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
  }
  return { executor, models: tableOf(models), categories: new Map(Object.entries(categories)), special: new Map(Object.entries(phases)), protectedPaths: protection.protected };
}

type Check<T> = (value: T) => readonly { readonly path: (string | number)[]; readonly message: string }[];

async function read<T>(folder: string, name: string, schema: z.ZodType<T>, problems: string[], check: Check<T> = () => []): Promise<T | null> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => null);
  if (text === null) {
    problems.push(`${name}: cannot be read`);
    return null;
  }
  const read = parseLocated(text, name);
  if (!read.ok) {
    problems.push(...read.notices.map(noticeText));
    return null;
  }
  const parsed = schema.safeParse(read.located.value);
  const notices = parsed.success ? check(parsed.data).map(({ path, message }) => read.located.at(path, message)) : schemaNotices(read.located, schema, parsed.error.issues);
  problems.push(...notices.map(noticeText));
  return parsed.success ? parsed.data : null;
}

/** A special phase without an answer is told at the start, not when its turn comes (E-597). */
const missingPhases: Check<z.infer<typeof Phases>> = (phases) => SPECIAL_PHASES.flatMap((id) => (Object.hasOwn(phases, id) ? [] : [{ path: [], message: `the special phase ${id} has no batches` }]));

type ModelsFile = z.infer<typeof Models>;

/** Every name resolves to a known, priced model (E-506, E-691). */
function unknownModels(file: ModelsFile): { path: (string | number)[]; message: string }[] {
  const known = (name: string): boolean => Object.hasOwn(file.models, name);
  const problem = (path: (string | number)[], name: string) => (known(resolved(file.aliases, name)) ? [] : [{ path, message: `${name} is neither a model nor an alias` }]);
  const chains = (['builder', 'auditor'] as const).flatMap((role) => (['low', 'medium', 'high'] as const).flatMap((level) => file.chains[role][level].flatMap((name, i) => problem(['chains', role, level, i], name))));
  const policies = Object.entries(file.policies).flatMap(([category, { steps }]) => steps.flatMap((step, i) => (['builder', 'auditor'] as const).flatMap((role) => problem(['policies', category, 'steps', i, role], step[role]))));
  const lists = [...file.auditor2.map((name, i) => [['auditor2', i], name] as const), ...Object.entries(file.fallbacks).flatMap(([category, names]) => names.map((name, i) => [['fallbacks', category, i], name] as const))];
  const aliases = Object.entries(file.aliases).flatMap(([alias, name]) => (known(name) ? [] : [{ path: ['aliases', alias], message: `${name} is not a model` }]));
  return [...aliases, ...problem(['planner'], file.planner), ...problem(['judge'], file.judge), ...lists.flatMap(([path, name]) => problem([...path], name)), ...chains, ...policies];
}

/** A policy that says one thing and does another (E-141, E-503). */
function oddPolicies({ policies, aliases }: ModelsFile): { path: (string | number)[]; message: string }[] {
  const same = (a: z.infer<typeof Step>, b: z.infer<typeof Step>): boolean => (['builder', 'auditor'] as const).every((role) => resolved(aliases, a[role]) === resolved(aliases, b[role]));
  return Object.entries(policies).flatMap(([category, { strategy, steps }]) => [
    ...((strategy === 'best_first') === (steps.length === 1) ? [] : [{ path: ['policies', category, 'steps'], message: strategy === 'best_first' ? 'best_first has one step' : `${strategy} needs a second step` }]),
    ...steps.flatMap((step, i) => {
      const before = steps[i - 1];
      if (before === undefined) return step.after === 0 ? [] : [{ path: ['policies', category, 'steps', i, 'after'], message: 'the first step begins at 0' }];
      if (step.after <= before.after) return [{ path: ['policies', category, 'steps', i, 'after'], message: 'steps stand in order' }];
      return same(before, step) ? [{ path: ['policies', category, 'steps', i], message: 'it names the models of the step before' }] : [];
    }),
  ]);
}

const resolved = (aliases: ModelsFile['aliases'], name: string): string => (Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name);

function tableOf({ models, aliases, planner, judge, auditor2, chains, policies, fallbacks, quotas, disabledVendors }: ModelsFile): ModelTable {
  const resolve = (name: string): string => resolved(aliases, name);
  const chain = (role: 'builder' | 'auditor') => ({ low: chains[role].low.map(resolve), medium: chains[role].medium.map(resolve), high: chains[role].high.map(resolve) });
  return {
    models: new Map(Object.entries(models)),
    planner: resolve(planner),
    judge: resolve(judge),
    auditor2: auditor2.map(resolve),
    chains: { builder: chain('builder'), auditor: chain('auditor') },
    policies: new Map(Object.entries(policies).map(([category, { steps, ...policy }]) => [category, { ...policy, steps: steps.map(({ after, builder, auditor }) => ({ after, builder: resolve(builder), auditor: resolve(auditor) })) }])),
    fallbacks: new Map(Object.entries(fallbacks).map(([category, names]) => [category, names.map(resolve)])),
    quotas: new Map(Object.entries(quotas)),
    disabledVendors,
  };
}
