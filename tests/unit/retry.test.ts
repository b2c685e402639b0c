import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { counts, decideRetry, raisedLimit, type FailureKind, type RetryInput } from '#src/domain/retry.ts';

const input = (changes: Partial<RetryInput> = {}): RetryInput => ({
  attempt: 1, attemptsMax: 5, failures: [{ kind: 'tests', message: 'm' }], limitRaised: false, limit: 8192, limitMax: 64_000, replans: 0, replansMax: 1, replansDenied: false,
  trigger: 2, similarityBp: 8000, messageMin: 30, fatal: [], model: 'm1', nextModel: 'm1', onExhausted: 'fail', ...changes,
});
const decision = (changes: Partial<RetryInput>): string => decideRetry(input(changes)).decision;
const failed = (kind: FailureKind, ...messages: string[]) => messages.map((message) => ({ kind, message }));
const LONG = 'expected the third item of the list to be equal to the second';
const OTHER = 'cannot find module lodash imported by nobody in particular!!';

describe('the table', () => {
  test.each<readonly [string, Partial<RetryInput>, string]>([
    ['E-103 row 1: no attempts at all are over at once', { attempt: 1, attemptsMax: 0 }, 'fail'],
    ['E-103 row 2: more attempts than allowed are over', { attempt: 6 }, 'fail'],
    ['E-103 row 7: the last attempt is over', { attempt: 5 }, 'fail'],
    ['E-103 row 7: a single attempt has no second', { attempt: 1, attemptsMax: 1 }, 'fail'],
    ['E-103 row 5: a cut answer in the last attempt is over too', { attempt: 5, failures: failed('truncated', 'm') }, 'fail'],
    ['E-103 row 4: a cut answer gets a larger limit', { failures: failed('truncated', 'm') }, 'larger_limit'],
    ['E-103 row 6: another failure is tried again', { attempt: 4 }, 'retry'],
    ['E-103: an exhausted phase asks where the profile says so', { attempt: 5, onExhausted: 'ask' }, 'ask'],
    ['E-133: the limit is raised once per phase', { failures: failed('truncated', 'm'), limitRaised: true }, 'retry'],
    ['E-133: a limit at its most is not raised', { failures: failed('truncated', 'm'), limit: 64_000 }, 'retry'],
    ['E-133: a cut answer never changes the model', { failures: failed('truncated', 'm'), limitRaised: true, nextModel: 'm2' }, 'retry'],
    ['E-112: exhaustion comes before a re-plan', { attempt: 5, failures: failed('tests', LONG, LONG) }, 'fail'],
    ['E-112: a re-plan comes before the next model', { failures: failed('tests', LONG, LONG), nextModel: 'm2' }, 'replan'],
    ['E-112: one re-plan per phase', { failures: failed('tests', LONG, LONG), replans: 1, nextModel: 'm2' }, 'next_model'],
    ['E-112: five re-plans per run', { failures: failed('tests', LONG, LONG), replansDenied: true }, 'retry'],
    ['A-067: a fatal kind is re-planned at once', { failures: failed('policy_refused', 'm'), fatal: ['policy_refused'] }, 'replan'],
    ['A-067: a fatal kind before the last does not count', { failures: [...failed('policy_refused', 'm'), ...failed('tests', 'm')], fatal: ['policy_refused'] }, 'retry'],
    ['A-067: two alike are re-planned', { failures: failed('audit', LONG, LONG) }, 'replan'],
    ['A-067: two different ones are not', { failures: failed('audit', LONG, OTHER) }, 'retry'],
    ['A-067: two kinds with one message are not', { failures: [...failed('audit', LONG), ...failed('tests', LONG)] }, 'retry'],
    ['A-067: what lies before the last two does not count', { failures: [...failed('apply', OTHER), ...failed('tests', LONG, LONG)] }, 'replan'],
    ['A-067: with a trigger of three, two are not enough', { failures: failed('tests', LONG, LONG), trigger: 3 }, 'retry'],
    ['A-067: every neighbouring pair must be alike', { failures: failed('tests', LONG, OTHER, OTHER), trigger: 3 }, 'retry'],
    ['A-067: messages that are all short count by their kind alone', { failures: failed('tests', 'a', 'completely different') }, 'replan'],
    ['E-112: a short message beside a long one counts for nothing', { failures: failed('tests', LONG.slice(0, 29), LONG.slice(0, 30)) }, 'retry'],
    ['E-112: nor in the other order', { failures: failed('tests', LONG.slice(0, 30), LONG.slice(0, 29)) }, 'retry'],
    ['A-103: a failure that counts goes to the next model', { nextModel: 'm2' }, 'next_model'],
    ['A-103: a context that does not fit says nothing of the model', { failures: failed('context', 'm'), nextModel: 'm2' }, 'retry'],
    ['A-103: a conflict says nothing of the model', { failures: failed('conflict', 'm'), nextModel: 'm2' }, 'retry'],
    ['E-103: no failure at all counts as one of the tests', { failures: [], nextModel: 'm2' }, 'next_model'],
  ])('%s', (_title, changes, wanted) => {
    expect(decision(changes)).toBe(wanted);
  });
});

test('A-103 exactly these failures count for the next model', () => {
  const kinds: FailureKind[] = ['truncated', 'refused', 'format', 'apply', 'policy_refused', 'empty_patch', 'context', 'tests', 'audit', 'conflict'];
  expect(kinds.filter(counts)).toEqual(['refused', 'format', 'apply', 'policy_refused', 'empty_patch', 'tests', 'audit']);
});

test.each<FailureKind>(['truncated', 'refused', 'format', 'context', 'conflict'])('A-067 %s repeated for ever never re-plans', (kind) => {
  expect(decision({ failures: failed(kind, LONG, LONG, LONG), limitRaised: true })).not.toBe('replan');
});

test('A-069 asking twice about the same single failure gives the same answer and no re-plan', () => {
  const once = input({ failures: failed('tests', LONG) });
  expect(decideRetry(once)).toEqual(decideRetry(once));
  expect(decideRetry(once).decision).toBe('retry');
});

test.each([[8192, 10_240], [12_288, 15_360], [16_384, 20_480], [51_201, 64_000], [64_000, 64_000], [3, 3]])('E-133 the limit %i is raised to %i', (limit, wanted) => {
  expect(raisedLimit(limit, 12_500, 64_000)).toBe(wanted);
});

const kinds = fc.constantFrom<FailureKind>('truncated', 'refused', 'format', 'apply', 'policy_refused', 'empty_patch', 'context', 'tests', 'audit', 'conflict');
const inputs = fc.record({
  attempt: fc.integer({ min: 0, max: 6 }), attemptsMax: fc.integer({ min: 0, max: 6 }), failures: fc.array(fc.record({ kind: kinds, message: fc.constantFrom(LONG, OTHER, 'x', '') }), { maxLength: 5 }),
  limitRaised: fc.boolean(), limit: fc.constantFrom(0, 8192, 64_000), limitMax: fc.constant(64_000), replans: fc.nat(2), replansMax: fc.nat(2), replansDenied: fc.boolean(), trigger: fc.constantFrom(2, 3),
  similarityBp: fc.constantFrom(0, 8000, 10_000), messageMin: fc.constantFrom(0, 30), fatal: fc.subarray(['tests', 'policy_refused']), model: fc.constantFrom('m1', 'm2'), nextModel: fc.constantFrom('m1', 'm2'), onExhausted: fc.constantFrom('fail' as const, 'ask' as const),
});

test('E-103 E-112 E-133 no input leads past a cap, and every decision says why', () => {
  fc.assert(fc.property(inputs, (given) => {
    const { decision: decided, reason } = decideRetry(given);
    expect(reason.length).toBeGreaterThan(5);
    expect(reason.length).toBeLessThanOrEqual(500);
    expect(given.attempt >= given.attemptsMax).toBe(decided === 'fail' || decided === 'ask');
    if (decided === 'replan') expect(given.replans < given.replansMax && !given.replansDenied).toBe(true);
    if (decided === 'larger_limit') expect(given.limitRaised).toBe(false);
    if (decided === 'next_model') expect(given.nextModel).not.toBe(given.model);
  }));
});
