// Inputs
// ======
// Everything that may enter a run's log from outside: commands, results of effects, due timers.

import { z } from 'zod';
import { Origin } from '#src/record/record.ts';
import { Ref } from '#src/record/ref.ts';
import { BuilderMode, defineInput, Id, MicroUsd, Ms, Name, ObjectId, Rung, Sha256, spent, Text, Tokens } from './define.ts';
import { Plan } from './plan.ts';
import { Pins, Policy } from './policy.ts';

const Count = z.int().nonnegative();
const MODEL_CALLS = ['callBuilder', 'callAuditor', 'callJudge', 'callPlanner'];

export const Issue = z.strictObject({
  severity: z.enum(['minor', 'major', 'critical']),
  category: z.string().max(32),
  description: Text,
  /** Repository-relative; empty when the auditor named none. */
  file: z.string().max(512),
  /** 1-based; 0 when the auditor named none. */
  line: z.int().nonnegative(),
  suggestion: Text,
});
export type Issue = z.infer<typeof Issue>;

export const Verdict = z.strictObject({ approved: z.boolean(), issues: z.array(Issue).max(40), summary: Text });
export type Verdict = z.infer<typeof Verdict>;

/** What a take-over may change. */
const resumption = {
  /** New caps of the run, and of each phase; null keeps the old one. */
  tokenCap: Tokens.nullable(),
  costCapMicroUsd: MicroUsd.nullable(),
  phaseTokenCap: Tokens.nullable(),
  ciRunCap: Count.nullable(),
  /** Attempts and phases that may still be started, null for no limit. */
  iterations: Count.nullable(),
  phases: Count.nullable(),
};
export const Resumption = z.strictObject(resumption);
export type Resumption = z.infer<typeof Resumption>;
/** Keeps what is capped, and limits nothing else. */
export const unchanged: Resumption = { tokenCap: null, costCapMicroUsd: null, phaseTokenCap: null, ciRunCap: null, iterations: null, phases: null };

const call = { model: Name, prompt: Ref, answer: Ref, ...spent };

export const inputs = {
  // to the kernel
  runRequested: defineInput('run.requested', 1, [], 'The run with its plan, its policy and the versions that it is pinned to: record 0.', {
    run: Id,
    plan: Plan,
    policy: Policy,
    pins: Pins,
  }),
  runForked: defineInput('run.forked', 1, [], 'The run goes on from a record of another: its record 0.', { run: Id, origin: Origin }),
  // to the run
  runStarted: defineInput('run.started', 1, [], 'The first holder began to perform effects.', { epoch: z.literal(1) }),
  runResumed: defineInput('run.resumed', 1, [], 'A holder took the run over; deadlines move by the time without one.', {
    epoch: z.int().min(2),
    downMs: Ms,
    ...resumption,
  }),
  runCancelRequested: defineInput('run.cancel_requested', 1, [], 'Somebody asked to cancel the run.', { reason: Text }),
  effectLate: defineInput('effect.late', 1, [], 'What a call cost whose result nobody awaits any more.', {
    effect: z.string().max(200),
    ...spent,
  }),
  workspacePrepared: defineInput('workspace.prepared', 1, ['prepareWorkspace'], 'The base is known and our repository stands.', {
    base: ObjectId,
    tree: ObjectId,
    objectFormat: z.enum(['sha1', 'sha256']),
    warnings: z.array(Text).max(40),
  }),
  workspacePublished: defineInput('workspace.published', 1, ['publish'], "The run's branch in the user's repository points at the commit, or why not.", {
    commit: ObjectId,
    /** Null when it was moved. */
    refused: Text.nullable(),
  }),
  workspaceCleaned: defineInput('workspace.cleaned', 1, ['cleanUp'], 'Checkouts, and after a success the mark of the base, are gone.', {}),
  // to a phase (tests also to the run: the baseline)
  phaseSkipRequested: defineInput('phase.skip_requested', 1, [], 'Somebody asked to leave the phase out; those that depend on it go on without it.', { reason: Text }),
  contextAssembled: defineInput('context.assembled', 1, ['assembleContext'], 'What the builder will see, from the base alone.', {
    /** The assembled text. */
    context: Ref,
    /** List of {path, sha256, category, bytes, cut, omitted}. */
    manifest: Ref,
    files: z.int().nonnegative(),
    omitted: z.int().nonnegative(),
    /** Input tokens that the prompt will take, estimated. */
    tokens: Tokens,
    /** The answer format that this attempt asks for, and why (E-120). */
    mode: BuilderMode,
    modeReason: Text,
    /** The output limit that the phase's deliverables call for (E-136). */
    outputTokens: Tokens,
  }),
  builderAnswered: defineInput('builder.answered', 1, ['callBuilder'], "The builder's answer as it came.", {
    ...call,
    stopReason: z.enum(['end', 'max_tokens', 'refusal']),
    /** The answer was cut, and it is known which deliverables are whole and which are missing (E-134). */
    continuable: z.boolean(),
  }),
  candidateBuilt: defineInput('candidate.built', 1, ['buildCandidate'], 'The answer applies, and policy and guards let it pass.', {
    tree: ObjectId,
    diff: Ref,
    /** The audited set {path, old mode and blob, new mode and blob}: its hash, and the list. */
    set: Sha256,
    changes: Ref,
    created: z.int().nonnegative(),
    modified: z.int().nonnegative(),
    deleted: z.int().nonnegative(),
    added: z.int().nonnegative(),
    removed: z.int().nonnegative(),
    keyChanges: z.array(z.string().max(200)).max(10),
    /** What the risk score counts beside lines (E-175). */
    risk: z.strictObject({ criticalFiles: Count, dataFiles: Count, testFiles: Count, markers: Count }),
    rung: Rung,
    /** How it was carried onto a base that moved; null where it did not. */
    carried: Rung.nullable(),
  }),
  candidateRefused: defineInput('candidate.refused', 1, ['buildCandidate'], 'The answer cannot enter the repository, with every reason.', {
    kind: z.enum(['format', 'truncated', 'apply', 'policy_refused']),
    code: z.string().max(64),
    message: Text,
    /** All problems as JSON lines, for the next attempt. */
    problems: Ref,
  }),
  testsFinished: defineInput('tests.finished', 1, ['runTests'], 'The test command ended, or was ended.', {
    ended: z.enum(['exited', 'signalled', 'timed_out', 'spawn_failed', 'setup_failed']),
    exitCode: z.int().nullable(),
    /** How many tests passed or failed, null when nothing says so. */
    testsRun: z.int().nonnegative().nullable(),
    testsFailed: z.int().nonnegative().nullable(),
    testsSkipped: z.int().nonnegative().nullable(),
    /** Files and suites that never came to run a test. */
    collectionErrors: z.int().nonnegative(),
    /** Who says so: numbers and names of two dialects are not comparable. Null where the exit code is all there is. */
    dialect: Name.nullable(),
    /** A report was asked for and is not there, or is damaged. */
    reportMissing: z.boolean(),
    /** Each test with its outcome, as far as it has a name. */
    report: Ref.nullable(),
    /** Against the tests of the base, by name, and the names; null where nothing can be compared. */
    compared: z.strictObject({ newlyFailing: Count, newlyPassing: Count, stillFailing: Count, flaky: Count, newErrors: Count, gone: Count, added: Count, newlySkipped: Count }).nullable(),
    comparison: Ref.nullable(),
    /** Of the second run, which only newly failing tests bring about. */
    againExitCode: z.int().nullable(),
    /** Assertions that the changed test files have less than before. */
    weakened: Count,
    /** The gate `new_tests_must_fail_before`: how many passed without the rest of the change; null where it was not asked, or nothing could be tried. */
    newTests: z.strictObject({ tried: Count, passedBefore: Count }).nullable(),
    /** Covered lines in basis points; null: unknown. */
    coverageBp: Count.max(10_000).nullable(),
    /** What failed, in one normalised line. */
    message: Text,
    /** Normalised output; head and tail where it was `cut`. */
    output: Ref,
    cut: z.boolean(),
    sandbox: z.enum(['none', 'bubblewrap']),
  }),
  auditAnswered: defineInput('audit.answered', 1, ['callAuditor'], "An auditor's answer; `verdict` is null when it is not one.", {
    ...call,
    verdict: Verdict.nullable(),
  }),
  judgeAnswered: defineInput('judge.answered', 1, ['callJudge'], "The judge's answer; `verdict` is null when it is not one.", {
    ...call,
    verdict: Verdict.nullable(),
  }),
  revisionAnswered: defineInput('revision.answered', 1, ['callPlanner'], "The planner's revised description of the phase; null when it gave none.", {
    ...call,
    description: Ref.nullable(),
    reason: Text,
  }),
  commitWritten: defineInput('commit.written', 1, ['writeCommit'], 'The commit object exists in our repository.', { commit: ObjectId }),
  questionAnswered: defineInput('question.answered', 1, ['askHuman'], 'A human, or a scripted one, chose an option.', {
    option: z.string().max(32),
    note: z.string().max(2000),
    by: z.enum(['human', 'script']),
  }),
  // any effect
  effectFailed: defineInput('effect.failed', 1, ['*'], 'The effect ended badly: code and message from our catalogue.', {
    code: z.string().max(64),
    message: Text,
    retryable: z.boolean(),
    /** How long the other side asks to wait before the next try; 0 where it does not say. */
    retryAfterMs: Ms,
    ...spent,
  }),
  modelInterrupted: defineInput('model.interrupted', 1, MODEL_CALLS, 'The answer of a call was lost with the process; it counts at its estimate.', {}),
  timerFired: defineInput('timer.fired', 1, ['startTimer'], 'A deadline passed.', {}),
} as const;

export type Inputs = typeof inputs;
type Def = Inputs[keyof Inputs];
/** What a chart sees of an input: `{type, at, cause?, ...data}`. */
export type SeenInput = { [D in Def as D['type']]: { readonly type: D['type']; readonly at: number; readonly cause: string } & Readonly<z.infer<D['data']>> }[Def['type']];
export type InputType = Def['type'];
export type InputData<T extends InputType> = z.infer<Extract<Def, { type: T }>['data']>;
export const Spent = z.strictObject(spent);
export type Spent = z.infer<typeof Spent>;
