// Plan
// ====
// The accepted, normalised plan as record 0 pins it: every field present, integers only, nothing left to default.

import { z } from 'zod';
import { BuilderMode, Id, Ms } from './define.ts';

const Path = z.string().min(1).max(512);
const Line = z.string().max(2000);

export const CiCommand = z.strictObject({
  kind: z.literal('command'),
  argv: z.array(z.string()).min(1).max(100),
  timeoutMs: Ms,
  workdir: z.string().max(512),
  env: z.array(z.tuple([z.string(), z.string()])),
  /** Files that the command writes what happened to each test into, relative to `workdir`. */
  reports: z.array(Path).max(20),
  /** The file that it writes lcov or Cobertura into; null where there is none. */
  coverage: Path.nullable(),
  /** Deleted, skipped and weakened tests are no reason to fail. */
  allowWeakerTests: z.boolean(),
  newTestsMustFailBefore: z.boolean(),
});
export type CiCommand = z.infer<typeof CiCommand>;
export const Ci = z.discriminatedUnion('kind', [CiCommand, z.strictObject({ kind: z.literal('skip'), reason: z.string().max(500) }), z.strictObject({ kind: z.literal('none') })]);
export type Ci = z.infer<typeof Ci>;

export const Phase = z.strictObject({
  phase_id: Id,
  phase_index: z.int().nonnegative(),
  tier_id: Id,
  name: z.string().min(1).max(200),
  description: z.string().max(16_000).nullable(),
  task_category: z.string().max(64).nullable(),
  complexity: z.enum(['low', 'medium', 'high', 'maintenance']),
  builder_mode: BuilderMode.nullable(),
  phase_type: z.string().max(64).nullable(),
  scope: z.strictObject({ paths: z.array(Path), read_only_context: z.array(z.strictObject({ path: Path, reason: z.string().max(500) })), deliverables_manifest: z.array(Path) }),
  acceptance_criteria: z.array(Line),
  deliverables: z.array(Path),
  dependencies: z.array(Id),
  ci: Ci,
  allow_noop: z.boolean(),
  allow_mass_deletion: z.boolean(),
  allow_mass_addition: z.boolean(),
  allow_symbol_removal: z.boolean(),
  change_size: z.enum(['small_fix', 'large_refactor']).nullable(),
  max_builder_attempts: z.int().min(1).nullable(),
});
export type Phase = z.infer<typeof Phase>;

export const Tier = z.strictObject({ tier_id: Id, tier_index: z.int(), name: z.string().min(1).max(200), description: z.string().max(4000).nullable() });
export type Tier = z.infer<typeof Tier>;

export const Plan = z.strictObject({
  run: z.strictObject({ run_id: Id }),
  tiers: z.array(Tier),
  phases: z.array(Phase).min(1),
  baseline: z.discriminatedUnion('kind', [CiCommand, z.strictObject({ kind: z.literal('none'), reason: z.string().max(500) })]),
  /** Of each checkout: commands that make it ready; ignored paths of the working tree to copy, and to see read-only. */
  workspace: z.strictObject({ setup: z.array(z.array(z.string()).min(1)), include: z.array(Path), link: z.array(Path) }),
  protected: z.array(Path),
});
export type Plan = z.infer<typeof Plan>;
