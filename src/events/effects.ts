// Effects
// =======
// What a chart wants done, as data. `src/effects` has one handler for each. Every effect has a time limit that its
// handler keeps, and can be cancelled.

import { z } from 'zod';
import { Ref } from '#src/record/ref.ts';
import { Attempt, BuilderMode, defineEffect, Id, Ms, Name, ObjectId, Text, Tokens } from './define.ts';

const ofPhase = { phase: Id, attempt: Attempt };
/** The place of a batch in the phase's policy, from 0; of a phase without batches it is the whole. */
const ofBatch = { batch: z.int().nonnegative() };
/** `call` counts within role, phase and attempt, so that an adapter needs no state. */
const ofCall = { ...ofPhase, call: z.int().min(1), model: Name, outputTokensMax: Tokens, timeoutMs: Ms };

export const FeedbackItem = z.strictObject({ kind: z.string().max(64), message: Text, detail: Ref.nullable() });
export type FeedbackItem = z.infer<typeof FeedbackItem>;

export const effects = {
  prepareWorkspace: defineEffect('prepareWorkspace', { paid: false }, "Check the user's repository, mark the base, make ours.", {
    base: z.string().max(256).nullable(),
  }),
  assembleContext: defineEffect('assembleContext', { paid: false }, 'Collect what the builder may see.', {
    ...ofPhase,
    base: ObjectId,
    ...ofBatch,
    /** What the batches before this one came to; null where there are none. */
    tree: ObjectId.nullable(),
    /** Who will read it, and what is kept for the answer. */
    model: Name,
    outputTokensMax: Tokens,
    /** A prompt of this phase was too long for its model: the least content that is ever shown (E-113, E-137). */
    least: z.boolean(),
    /** What names files beside the plan. */
    revision: Ref.nullable(),
    feedback: z.array(FeedbackItem).max(8),
  }),
  callBuilder: defineEffect('callBuilder', { paid: true }, 'Ask the builder model for an answer.', {
    ...ofCall,
    ...ofBatch,
    context: Ref,
    mode: BuilderMode,
    /** The cut answer of this attempt that is to be continued, or null. */
    partial: Ref.nullable(),
    /** The re-planned description, null for the plan's own. */
    revision: Ref.nullable(),
    feedback: z.array(FeedbackItem).max(8),
  }),
  buildCandidate: defineEffect('buildCandidate', { paid: false }, 'Read the answer, apply it to the base, hold it against policy and guards.', {
    ...ofPhase,
    ...ofBatch,
    answer: Ref,
    /** The cut answer that `answer` continues, or null. */
    partial: Ref.nullable(),
    mode: BuilderMode,
    /** What the builder saw: the commit, the batches before on top of it, and the manifest of its files. */
    shown: z.strictObject({ base: ObjectId, tree: ObjectId.nullable(), manifest: Ref }),
    base: ObjectId,
  }),
  runTests: defineEffect('runTests', { paid: false }, 'Run setup and the test command in a fresh checkout. Attempt 0 is the baseline.', {
    /** Null for the baseline. */
    phase: Id.nullable(),
    attempt: z.int().nonnegative(),
    tree: ObjectId,
    /** The commit that the tree is built on, and the report of its tests; null where there is none. */
    base: ObjectId.nullable(),
    baseline: Ref.nullable(),
  }),
  callAuditor: defineEffect('callAuditor', { paid: true }, 'Ask an auditor for a verdict on diff and test result.', {
    ...ofCall,
    role: z.enum(['auditor', 'auditor2']),
    diff: Ref,
    /** The checks' output; null when they were skipped. */
    output: Ref.nullable(),
    checks: Text,
    revision: Ref.nullable(),
    /** The unreadable answer that is asked again, or null. */
    repair: Ref.nullable(),
  }),
  callJudge: defineEffect('callJudge', { paid: true }, 'Ask a judge where two auditors disagree.', {
    ...ofCall,
    diff: Ref,
    output: Ref.nullable(),
    checks: Text,
    revision: Ref.nullable(),
    disagreement: z.enum(['approval', 'severity', 'category']),
    /** The auditors' answers as they came. */
    verdicts: z.array(Ref).min(2).max(2),
    repair: Ref.nullable(),
  }),
  callPlanner: defineEffect('callPlanner', { paid: true }, 'Ask the planner for a revised description.', {
    ...ofCall,
    context: Ref.nullable(),
    revision: Ref.nullable(),
    feedback: z.array(FeedbackItem).max(8),
  }),
  writeCommit: defineEffect('writeCommit', { paid: false }, 'Write the commit object.', {
    ...ofPhase,
    tree: ObjectId,
    parent: ObjectId,
  }),
  publish: defineEffect('publish', { paid: false }, "Move the run's branch in the user's repository to the commit.", { commit: ObjectId }),
  cleanUp: defineEffect('cleanUp', { paid: false }, 'Remove what the run left on this machine.', { success: z.boolean() }),
  askHuman: defineEffect('askHuman', { paid: false }, 'Put a question to a human and wait.', {
    /** Null and 0 where the run itself asks. */
    phase: Id.nullable(),
    attempt: z.int().nonnegative(),
    kind: z.enum(['exhausted', 'blocked', 'approval', 'estimate']),
    question: Text,
    options: z.array(z.string().max(32)).min(2).max(4),
    /** What the expiry counts as. */
    default: z.string().max(32),
    expiresAt: Ms,
    /** The diff that an approval is bound to, null where nothing was built. */
    diff: Ref.nullable(),
  }),
  startTimer: defineEffect('startTimer', { paid: false }, 'Answer when the deadline passes.', {
    kind: z.enum(['deadline', 'retry', 'expiry', 'duration', 'settle']),
    deadline: Ms,
    /** True: the wall clock counts also while nobody holds the run. */
    absolute: z.boolean(),
    /** True: it alone does not keep a process waiting. */
    passive: z.boolean(),
  }),
} as const;

export type Effects = typeof effects;
export type EffectType = keyof Effects;
export type EffectParams<T extends EffectType> = z.infer<Effects[T]['params']>;
