// Plan as it is given
// ===================
// Strict schemas of the canonical and the short form; unknown keys are errors at every level. Sources: E-010…E-015,
// E-030, E-031, formats.md.

import { z } from 'zod';
import { BuilderMode, ID } from '#src/events/define.ts';

const Text = z.string().max(16_000);
const Name = z.string().min(1).max(200);
const Strings = z.array(z.string().min(1).max(2000)).max(200);
const Positive = z.int().min(1);
/** Dollars; a record holds whole micro-dollars. */
const Usd = z.number().nonnegative().max(1_000_000_000);
/** Ten years: a moment that far away is still a time. */
const MINUTES_MAX = 5_256_000;
const PARALLEL_MAX = 16;
/** YAML has a minus zero, records have none. */
const Index = z.int().overwrite((index) => index + 0);
const IdText = z.string({ error: (issue) => (issue.input === undefined ? 'it is missing' : 'an id is text: put it in quotes') }).regex(ID, 'an id is a letter, then up to 63 letters, digits, _ or -');

export const CiInput = z.strictObject({
  skip: z.boolean().optional(),
  reason: z.string().min(1).max(500).optional(),
  type: z.enum(['pytest', 'custom']).optional(),
  command: z.union([z.string(), z.array(z.string()).min(1).max(100)]).optional(),
  shell: z.literal(false, { error: 'no shell runs commands: give argv, or a script of the repository' }).optional(),
  paths: Strings.optional(),
  args: z.array(z.string()).optional(),
  workdir: z.string().max(512).optional(),
  env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'not the name of a variable'), z.string().max(4000)).optional(),
  timeout_seconds: Positive.max(86_400).optional(),
  timeout: Positive.max(86_400).optional(),
  baseline: z.enum(['none', 'command']).optional(),
  report: z.union([z.string().min(1).max(512), z.array(z.string().min(1).max(512)).max(20)]).optional(),
  coverage: z.string().min(1).max(512).optional(),
  allow_weaker_tests: z.boolean().optional(),
  new_tests_must_fail_before: z.boolean().optional(),
});
export type CiInput = z.infer<typeof CiInput>;

const ReadOnly = z.union([z.string().min(1), z.strictObject({ path: z.string().min(1), reason: z.string().max(500).default('') })]);
const Deliverables = z.union([
  Strings,
  z.strictObject({ code: z.union([z.string(), Strings]).optional(), tests: z.union([z.string(), Strings]).optional(), docs: z.union([z.string(), Strings]).optional(), config: z.union([z.string(), Strings]).optional(), scripts: z.union([z.string(), Strings]).optional() }),
]);
const ScopeInput = z.strictObject({
  paths: Strings.optional(),
  read_only_context: z.array(ReadOnly).max(200).optional(),
  deliverables: Deliverables.optional(),
  deliverables_manifest: Strings.optional(),
  ci: CiInput.optional(),
});

/** What either form may say of a phase. */
const phaseFields = {
  phase_id: IdText,
  description: Text.nullish(),
  scope: ScopeInput.nullish(),
  acceptance_criteria: Strings.optional(),
  deliverables: Deliverables.optional(),
  dependencies: z.array(IdText).max(100).optional(),
  task_category: z.string().trim().toLowerCase().min(1).max(64).nullish(),
  complexity: z.string().max(64).nullish(),
  builder_mode: z.enum(BuilderMode.options, { error: 'full_file, structured_edit, ndjson or diff' }).nullish(),
  phase_type: z.enum(['planning', 'research', 'implementation', 'testing', 'deployment', 'monetization', 'postlaunch', 'documentation', 'refactoring']).nullish(),
  ci: CiInput.nullish(),
  allow_noop: z.boolean().optional(),
  allow_mass_deletion: z.boolean().optional(),
  allow_mass_addition: z.boolean().optional(),
  allow_symbol_removal: z.boolean().optional(),
  change_size: z.enum(['small_fix', 'large_refactor']).nullish(),
  max_builder_attempts: Positive.nullish(),
};

export const PhaseInput = z.strictObject({ ...phaseFields, phase_index: Index.nonnegative(), tier_id: IdText, name: Name });
export type PhaseInput = z.infer<typeof PhaseInput>;

const RunInput = z.strictObject({
  run_id: IdText.optional(),
  project_id: IdText.optional(),
  safety_profile: z.enum(['normal', 'safety_critical']).optional(),
  run_scope: z.enum(['multi_tier', 'single_tier']).optional(),
  token_cap: Positive.nullish(),
  phase_token_cap: Positive.nullish(),
  ci_run_cap: Positive.nullish(),
  cost_cap_usd: Usd.nullish(),
  confirm_above: Usd.nullish(),
  max_phases: Positive.nullish(),
  max_parallel: Positive.max(PARALLEL_MAX).nullish(),
  max_duration_minutes: Positive.max(MINUTES_MAX).nullish(),
  goal_anchor: Text.nullish(),
  description: Text.nullish(),
  run_type: z.enum(['project_build']).optional(),
});

const Command = z.union([z.string(), z.array(z.string()).min(1).max(100)]);
const WorkspaceInput = z.strictObject({
  setup: z.array(Command).max(20).optional(),
  include: Strings.optional(),
  link: Strings.optional(),
  git: z.literal(false, { error: 'it comes with a later version' }).optional(),
});
const shared = { ci: CiInput.nullish(), workspace: WorkspaceInput.nullish(), protected: Strings.optional() };

export const TierInput = z.strictObject({ tier_id: IdText, tier_index: Index, name: Name, description: z.string().max(4000).nullish() });

export const CanonicalInput = z.strictObject({
  run: RunInput.optional(),
  tiers: z.array(TierInput).min(1),
  phases: z.array(PhaseInput).min(1, 'a plan needs at least one phase'),
  ...shared,
});
export type CanonicalInput = z.infer<typeof CanonicalInput>;

export const ShortInput = z.strictObject({
  run: RunInput.optional(),
  run_id: IdText.optional(),
  description: Text.nullish(),
  phases: z.array(z.strictObject({ ...phaseFields, goal: Name.optional(), success_criteria: Strings.optional() })).min(1, 'a plan needs at least one phase'),
  ...shared,
}).refine(({ run, run_id }) => run?.run_id === undefined || run_id === undefined, { path: ['run_id'], error: 'the run is named twice: here and in run.run_id' });
export type ShortInput = z.infer<typeof ShortInput>;

/** The short form as the canonical one: one tier `T0`, index by order, name = goal or id (E-031). */
export function lengthened({ run, run_id, description, phases, ...rest }: ShortInput): CanonicalInput {
  return {
    run: { description, ...run, ...(run_id === undefined ? {} : { run_id }) },
    tiers: [{ tier_id: 'T0', tier_index: 0, name: 'T0' }],
    phases: phases.map(({ goal, success_criteria, acceptance_criteria, ...phase }, i) => ({
      ...phase, phase_index: i, tier_id: 'T0', name: goal ?? phase.phase_id, acceptance_criteria: acceptance_criteria ?? success_criteria ?? [],
    })),
    ...rest,
  };
}
