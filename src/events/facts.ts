// Facts
// =====
// What was decided, and why. They follow from inputs; nobody reads them to decide anything again.

import { z } from 'zod';
import { Ref } from '#src/record/ref.ts';
import { Attempt, defineFact, Id, MicroUsd, Name, ObjectId, Sha256, billed, Text, Tokens } from './define.ts';

const Slot = z.string().max(32);
const account = { effect: z.string().max(200), slot: Slot, phase: Id };

export const facts = {
  'attempt.started': defineFact('attempt.started', 'An attempt began.', { attempt: Attempt, base: ObjectId, model: Name, outputTokensMax: Tokens }),
  'model.routed': defineFact('model.routed', 'Which model a call goes to, by how many failures that count.', { role: z.string().max(16), model: Name, step: z.int().nonnegative() }),
  'check.judged': defineFact('check.judged', 'The tests against the baseline, and what was found, whether it fails or not.', {
    passed: z.boolean(),
    reason: Name,
    exitCode: z.int().nullable(),
    testsRun: z.int().nonnegative().nullable(),
    findings: z.array(z.strictObject({ kind: Name, count: z.int().min(1) })).max(20),
    /** In basis points; null: unknown (E-174). */
    coverageDeltaBp: z.int().nullable(),
  }),
  'check.skipped': defineFact('check.skipped', 'No test was run, and why that is allowed or not.', { reason: Text }),
  'audit.merged': defineFact('audit.merged', 'The verdicts taken together (E-164), with what a judge said of them (E-166).', {
    approved: z.boolean(),
    auditors: z.int().min(1),
    minor: z.int().nonnegative(),
    major: z.int().nonnegative(),
    critical: z.int().nonnegative(),
    disagreement: z.enum(['none', 'approval', 'severity', 'category']),
    judge: z.enum(['none', 'approved', 'rejected']),
  }),
  'gate.judged': defineFact('gate.judged', 'The row of the gate table that decided (E-171).', { level: z.enum(['ok', 'needs_review', 'blocked']), row: z.int().min(1).max(9), risk: z.int().min(0).max(100), reasons: z.array(Text).max(8), overridden: z.boolean() }),
  'retry.decided': defineFact('retry.decided', 'What follows a failed attempt.', {
    attempt: Attempt,
    failure: Name,
    message: Text,
    decision: z.enum(['larger_limit', 'next_model', 'replan', 'retry', 'ask', 'fail']),
    reason: Text,
  }),
  'call.retried': defineFact('call.retried', 'A call will be made again after a wait.', { slot: Slot, code: Name, waitMs: z.int().nonnegative(), tries: z.int().min(1) }),
  'format.repair_asked': defineFact('format.repair_asked', 'An unreadable answer is asked again, once.', { slot: Slot, code: Name }),
  'limit.raised': defineFact('limit.raised', 'A cut answer raises the output limit, once per phase (E-133).', { from: Tokens, to: Tokens }),
  'model.escalated': defineFact('model.escalated', 'The next model of the chain takes over.', { from: Name, to: Name, step: z.int().nonnegative() }),
  'replan.accepted': defineFact('replan.accepted', 'The phase goes on with a revised description.', { description: Ref, reason: Text, replan: z.int().min(1) }),
  'replan.refused': defineFact('replan.refused', 'No re-plan, and why.', { reason: Name }),
  'turn.granted': defineFact('turn.granted', 'A phase has the turn to commit.', { phase: Id, head: ObjectId }),
  'rebase.compared': defineFact('rebase.compared', 'The branch moved: is the audited set still the same?', { same: z.boolean(), set: Sha256 }),
  'question.settled': defineFact('question.settled', 'A question was answered or expired.', { kind: Name, option: Name, by: z.enum(['human', 'script', 'expiry']), leads: Name }),
  'phase.ended': defineFact('phase.ended', 'The phase is over.', {
    outcome: z.enum(['COMPLETE', 'FAILED', 'BLOCKED', 'SKIPPED', 'STOPPED']),
    reason: Text.nullable(),
    commit: ObjectId.nullable(),
    quality: z.enum(['ok', 'needs_review']).nullable(),
    attempts: z.int().nonnegative(),
  }),
  'quota.reserved': defineFact('quota.reserved', 'What is set aside before a call: all that it may use.', { ...account, tokens: Tokens, costMicroUsd: MicroUsd }),
  'quota.settled': defineFact('quota.settled', 'What the call really used; at the estimate when its answer was lost.', { ...account, ...billed, estimated: z.boolean() }),
  'wish.parked': defineFact('wish.parked', 'An effect waits until the run goes on.', { ...account, reason: Name }),
  'wish.denied': defineFact('wish.denied', 'An effect is not to be had any more.', { ...account, reason: Name }),
  'baseline.judged': defineFact('baseline.judged', 'What the tests say of the base.', { status: z.enum(['passed', 'failed', 'none']), exitCode: z.int().nullable(), testsRun: z.int().nonnegative().nullable(), reason: Name }),
  'run.paused': defineFact('run.paused', 'Nothing costly is granted and no phase starts until the run is resumed.', { reason: Name, detail: Text }),
  'publish.refused': defineFact('publish.refused', "The run's branch was left as it is.", { commit: ObjectId, reason: Text }),
  'clean_up.failed': defineFact('clean_up.failed', 'Something of ours could not be removed.', { code: Name }),
  'run.ended': defineFact('run.ended', 'The run is over.', {
    outcome: z.enum(['COMPLETE', 'FAILED', 'STOPPED']),
    reason: Name.nullable(),
    head: ObjectId.nullable(),
    inputTokens: Tokens,
    outputTokens: Tokens,
    costMicroUsd: MicroUsd,
  }),
} as const;

export type Facts = typeof facts;
export type FactType = keyof Facts;
export type FactData<T extends FactType> = z.infer<Facts[T]['data']>;
