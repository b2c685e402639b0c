// Policy
// ======
// What configuration, plan and flags come to, compiled once and pinned in record 0. Charts and handlers read
// nothing else; no file is read again.

import { z } from 'zod';
import { BuilderMode, Id, MicroUsd, Ms, Name, Sha256, Tokens } from './define.ts';

const Count = z.int().nonnegative();
const BasisPoints = z.int().nonnegative();
const Walk = z.array(Name).min(1).max(32);

/** A part of a phase that is built by a call of its own (E-115): what may change in it, and what it must leave. */
export const Batch = z.strictObject({ name: Name, paths: z.array(z.string().max(512)).min(1), deliverables: z.array(z.string().max(512)) });
export type Batch = z.infer<typeof Batch>;

/** The numbers that one phase's chart decides by. */
export const PhasePolicy = z.strictObject({
  attemptsMax: z.int().min(1),
  /** How often a human may grant one more attempt. */
  againMax: Count,
  replansMax: Count,
  /** Model calls of one slot and attempt before the provider counts as away. */
  transportTriesMax: z.int().min(1),
  /** Wait before try 2, 3, …; the last one repeats. */
  transportWaitsMs: z.array(Ms).min(1),
  /** Interruptions of one effect that are made good; one more pauses the run. */
  interruptionsMax: Count,
  reauditsMax: Count,
  /** Builder model by the number of failures that count (E-142: its rank never falls). */
  builderWalk: Walk,
  auditorWalk: Walk,
  /** Second auditor by the same number; null where one auditor is enough. */
  auditor2Walk: Walk.nullable(),
  /** Asked where two auditors disagree. */
  judgeModel: Name,
  plannerModel: Name,
  /** Output tokens of the first builder call, the factor after a cut answer, and the most. */
  outputTokens: Tokens,
  outputFactorBp: BasisPoints,
  outputTokensMax: Tokens,
  auditorOutputTokens: Tokens,
  plannerOutputTokens: Tokens,
  callTimeoutMs: Ms,
  deadlineMs: Ms,
  questionMs: Ms,
  /** What an expired question counts as. */
  questionDefault: z.enum(['approve', 'reject']),
  onExhausted: z.enum(['fail', 'ask']),
  askBeforeCommit: z.boolean(),
  highRisk: z.boolean(),
  /** `normal` lets a review level pass with a note; `safety_critical` asks a human. */
  profile: z.enum(['normal', 'safety_critical']),
  /** Less coverage than before, or an unknown one, is a reason for a review. */
  isStrict: z.boolean(),
  check: z.enum(['command', 'skip', 'none']),
  /** Its command is not the run's: the baseline says nothing of it. */
  ownCommand: z.boolean(),
  allowWeakerTests: z.boolean(),
  netDeletionMax: Count,
  allowMassDeletion: z.boolean(),
  allowNoop: z.boolean(),
  replanTrigger: z.int().min(2),
  replanSimilarityBp: BasisPoints,
  replanMessageMin: Count,
  replanFatal: z.array(Name),
  /** The plan's own wish; null lets E-120 choose for each attempt. */
  builderMode: BuilderMode.nullable(),
  /** In the order in which they are built; none where the phase is built whole. */
  batches: z.array(Batch),
});
export type PhasePolicy = z.infer<typeof PhasePolicy>;

/** The numbers that the run's chart decides by. */
export const RunPolicy = z.strictObject({
  /** Caps of the run, and of each phase; null for none. */
  tokenCap: Tokens,
  costCapMicroUsd: MicroUsd.nullable(),
  phaseTokenCap: Tokens.nullable(),
  ciRunCap: Count.nullable(),
  /** Attempts and phases that may be started in all, null for no limit. */
  iterations: Count.nullable(),
  phasesCap: Count.nullable(),
  /** What a human is asked before anything begins, because the estimate is above the plan's `confirm_above`; null: nothing. */
  confirm: z.strictObject({ question: z.string().max(500), waitMs: Ms }).nullable(),
  /** E-218: failures of the run at which it pauses. */
  health: z.strictObject({ http5xxMax: z.int().min(1), patchesMax: z.int().min(1), failuresMax: z.int().min(1) }),
  /** E-219: failed phases in a row at which it pauses, and how long. */
  breaker: z.strictObject({ phasesMax: z.int().min(1), resetMs: Ms }),
  durationMs: Ms,
  phasesAtOnce: z.int().min(1),
  replansMax: Count,
  settleMs: Ms,
  baseline: z.enum(['command', 'none']),
  base: z.string().max(256).nullable(),
});
export type RunPolicy = z.infer<typeof RunPolicy>;

/** Micro-dollars per million tokens. */
export const Price = z.strictObject({ model: Name, input: MicroUsd, output: MicroUsd, cacheRead: MicroUsd, cacheWrite: MicroUsd });
export type Price = z.infer<typeof Price>;

/** E-137, E-150 to E-152. */
const ContextPolicy = z.strictObject({
  /** What the repository's content may take of a prompt, largest first: the first that the model's window has room for. */
  tokensSteps: z.array(Tokens).min(1),
  fileBytesMax: Count,
  filesMax: Count,
  /** Characters of a file that may only be read. */
  excerptMax: Count,
  /** Without scope and pattern. */
  heuristic: z.strictObject({ filesMax: Count, tokensMax: Tokens }),
  patterns: z.array(z.strictObject({ name: Name, when: z.array(z.partialRecord(z.enum(['id', 'name', 'description', 'category']), z.string().min(1))).min(1), globs: z.array(z.string().min(1)).min(1) })),
});

export const Policy = z.strictObject({
  run: RunPolicy,
  phases: z.array(z.strictObject({ phase: Id, policy: PhasePolicy })),
  prices: z.array(Price),
  context: ContextPolicy,
  /** E-124 to E-128, E-201: shares in percent, sizes in lines. */
  guards: z.strictObject({ shrinkPercent: Count, growthPercent: Count, churnPercent: Count, linesMin: Count, wholeLinesMax: Count, symbolsLostPercent: Count, similarLinesMin: Count, similarityPercent: Count, alwaysPreserve: z.array(Name) }),
  protectedPaths: z.array(z.string().max(512)),
  /** Folders and files that make a change risky, wherever they lie (E-175). */
  criticalPaths: z.array(z.string().min(1).max(512)),
  /** What was known of the vendors when the models were chosen: tokens of the last seven days. */
  vendors: z.array(z.strictObject({ vendor: Name, weeklyTokens: Tokens, state: z.enum(['open', 'soft', 'spent', 'disabled', 'keyless']) })),
  setupTimeoutMs: Ms,
  project: Id,
  /** Whether setup and tests must run in a sandbox, should, or must not. */
  sandbox: z.enum(['required', 'auto', 'none']),
  /** What the run does without, and why: a second auditor that cannot be reached. */
  warnings: z.array(z.string().max(500)).max(40),
});
export type Policy = z.infer<typeof Policy>;

/** What a replay must find again: versions and hashes. */
export const Pins = z.strictObject({
  package: z.string().max(32),
  /** Name -> version and the sha256 of its bytes. */
  charts: z.array(z.strictObject({ name: Name, version: z.string().max(16), sha256: Sha256 })),
  schemas: Sha256,
  prompts: z.array(z.strictObject({ name: Name, sha256: Sha256 })),
});
export type Pins = z.infer<typeof Pins>;
