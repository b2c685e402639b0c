// Plan
// ====
// Text to an accepted plan: every problem at once, each with file:line:column, path and the way out; or the plan as
// record 0 pins it, with what was made right as warnings.

import type { z } from 'zod';
import { Plan } from '#src/events/plan.ts';
import { canonical } from '#src/record/canonical.ts';
import { parseLocated, schemaNotices, type Located, type Notice } from '#src/yaml/located.ts';
import { CanonicalInput, lengthened, ShortInput } from './input.ts';
import { normalised, type PlanLimits } from './normalise.ts';
import { reportOn } from './report.ts';
import { ruleProblems } from './rules.ts';
import { salvagedPlan } from './salvage.ts';

export type { PlanLimits } from './normalise.ts';

export type ParsedPlan =
  | { readonly ok: true; readonly plan: Plan; readonly settings: RunSettings; readonly warnings: readonly Notice[] }
  | { readonly ok: false; readonly problems: readonly Notice[] };

/** What the plan says of the run besides its phases: input of the policy. */
export interface RunSettings {
  readonly project: string;
  readonly profile: 'normal' | 'safety_critical';
  /** Caps of the run, and of each phase. */
  readonly tokenCap: number | null;
  readonly costCapMicroUsd: number | null;
  /** An estimate above it is put to a human before anything begins. */
  readonly confirmAboveMicroUsd: number | null;
  readonly phaseTokenCap: number | null;
  readonly ciRunCap: number | null;
  readonly durationMinutes: number | null;
  /** Phases at once. */
  readonly parallel: number | null;
}

export interface PlanSource {
  readonly text: string;
  /** As it is shown in messages. */
  readonly file: string;
  /** Repository-relative, when the plan lies inside: it is protected then. */
  readonly protect: string | null;
  /** Used where the plan names none. */
  readonly defaultRunId: string;
}

const PLAN_BYTES_MAX = 200 * 1024;

export function parsePlan(source: PlanSource, limits: PlanLimits): ParsedPlan {
  const read = parseLocated(source.text, source.file);
  if (!read.ok) return { ok: false, problems: read.notices.map((notice) => (notice.message === 'it is empty' ? { ...notice, hint: 'a plan needs at least `phases`' } : notice)) };
  const { located } = read;
  const isCanonical = saysTiers(located.value);
  const schema = isCanonical ? CanonicalInput : ShortInput;
  const parsed = schema.safeParse(located.value);
  if (!parsed.success) return { ok: false, problems: brokenProblems({ schema, issues: parsed.error.issues }, located, { source, limits, isCanonical }) };
  const input = isCanonical ? (parsed.data as CanonicalInput) : lengthened(parsed.data as ShortInput);
  const report = reportOn(located);
  const plan = normalised(input, source, { report, limits });
  const all = inOrder([...ruleProblems(input, located, limits), ...report.problems]);
  if (all.length > 0) return { ok: false, problems: all };
  const accepted = Plan.parse(plan);
  if (Buffer.byteLength(canonical(accepted)) > PLAN_BYTES_MAX) return { ok: false, problems: [located.at([], 'the plan is above 200 KiB', 'split it, or move long texts into files of the repository')] };
  const { run } = input;
  const settings: RunSettings = { project: run?.project_id ?? 'project', profile: run?.safety_profile ?? 'normal', tokenCap: run?.token_cap ?? null, costCapMicroUsd: microUsd(run?.cost_cap_usd), confirmAboveMicroUsd: microUsd(run?.confirm_above), phaseTokenCap: run?.phase_token_cap ?? null, ciRunCap: run?.ci_run_cap ?? null, durationMinutes: run?.max_duration_minutes ?? null, parallel: run?.max_parallel ?? null };
  return { ok: true, plan: accepted, settings, warnings: inOrder(report.warnings) };
}

const microUsd = (usd: number | null | undefined): number | null => (usd === null || usd === undefined ? null : Math.round(usd * 1_000_000));

/** The canonical form names tiers, or phases that stand in some. */
function saysTiers(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  const { phases } = value as { phases?: unknown };
  return 'tiers' in value || (Array.isArray(phases) && phases.some((phase) => phase !== null && typeof phase === 'object' && 'tier_id' in phase));
}

/** What a schema says, and what else is wrong in what it leaves: all problems come at once, and each place once. */
function brokenProblems(parsed: { readonly schema: z.ZodType; readonly issues: readonly z.core.$ZodIssue[] }, located: Located, { source, limits, isCanonical }: { readonly source: PlanSource; readonly limits: PlanLimits; readonly isCanonical: boolean }): Notice[] {
  const notices = schemaNotices(located, parsed.schema, parsed.issues);
  const input = salvagedPlan(located.value, isCanonical);
  if (input.phases.length === 0) return inOrder(notices);
  const report = reportOn(located);
  normalised(input, source, { report, limits });
  const rules = input.tiers.length === 0 ? [] : ruleProblems(input, located, limits);
  const told = new Set(notices.map(({ path }) => path));
  return inOrder([...notices, ...[...rules, ...report.problems].filter(({ path }) => !told.has(path))]);
}

const inOrder = (notices: readonly Notice[]): Notice[] => [...notices].sort((a, b) => a.line - b.line || a.column - b.column);
