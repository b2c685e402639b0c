import { describe, expect, test } from 'vitest';
import { baselineOf, coverageDelta, judgeBaseline, judgeCheck, NO_BASELINE, type Baseline, type Compared, type TestResult } from '#src/domain/check.ts';

const same = { dialect: 'tap', collectionErrors: 0, report: null, coverageBp: null } as const;
const now = (exitCode: number | null, testsRun: number | null = 3, testsFailed: number | null = null): TestResult =>
  ({ ended: 'exited', exitCode, testsRun, testsFailed, ...same, reportMissing: false, compared: null, againExitCode: null, weakened: 0, newTests: null });
const before = (exitCode: number, testsRun: number | null = 3, testsFailed: number | null = null): Baseline => ({ status: exitCode === 0 ? 'passed' : 'failed', exitCode, testsRun, testsFailed, ...same });

const NOTHING: Compared = { newlyFailing: 0, newlyPassing: 0, stillFailing: 0, flaky: 0, newErrors: 0, gone: 0, added: 0, newlySkipped: 0 };
const compared = (result: TestResult, found: Partial<Compared>, againExitCode: number | null = null): TestResult => ({ ...result, compared: { ...NOTHING, ...found }, againExitCode });
const rules = (highRisk: boolean, allowWeakerTests = false) => ({ highRisk, allowWeakerTests });

describe('a candidate', () => {
  test.each<readonly [string, TestResult, Baseline, boolean, boolean, string]>([
    ['E-181 exit 0 passes', now(0), before(0), false, true, 'exit_0'],
    ['E-181 exit 1 fails', now(1), before(0), false, false, 'exit_1'],
    ['E-181 zero tests fail, also with exit 0', now(0, 0), NO_BASELINE, false, false, 'zero_tests'],
    ['E-181 zero tests fail where risk is high', now(0, 0), before(0), true, false, 'zero_tests'],
    ['E-181 a time-out fails', { ...now(null), ended: 'timed_out' }, before(0), false, false, 'timed_out'],
    ['E-181 a signal fails', { ...now(null), ended: 'signalled' }, before(0), false, false, 'signalled'],
    ['E-181 a command that is not there fails', { ...now(null), ended: 'spawn_failed' }, before(0), false, false, 'spawn_failed'],
    ['E-181 a failing setup fails', { ...now(0), ended: 'setup_failed' }, before(0), false, false, 'setup_failed'],
    ['E-181 failures behind exit 0 fail', now(0, 3, 1), before(0, 3, 0), false, false, 'failures_hidden'],
    ['E-181 failures behind exit 0 fail without a baseline', now(0, 3, 1), NO_BASELINE, false, false, 'failures_hidden'],
    ['E-680 failures behind exit 0 that the base has too do not block', now(0, 3, 1), before(0, 3, 1), false, true, 'exit_0'],
    ['E-183 fewer tests than before fail, also when they pass', now(0, 2), before(0, 3), false, false, 'fewer_tests'],
    ['E-183 as many tests pass', now(0, 3), before(0, 3), false, true, 'exit_0'],
    ['E-185 numbers of another dialect are not compared', { ...now(0, 2), dialect: 'junit' }, before(0, 3), false, true, 'exit_0'],
    ['E-183 without a baseline any failure counts as new', now(1, 3, 1), NO_BASELINE, false, false, 'exit_1'],
    ['E-680 failing as before does not block', now(1, 3, 1), before(1, 3, 1), false, true, 'failing_as_before'],
    ['E-680 fewer failures than before do not block', now(1, 3, 1), before(1, 3, 2), false, true, 'failing_as_before'],
    ['E-184 more failures than before block', now(1, 3, 2), before(1, 3, 1), false, false, 'more_failures'],
    ['E-184 another exit code than before blocks', now(2, 3, 1), before(1, 3, 1), false, false, 'exit_2'],
    ['E-183 where risk is high an old failure blocks', now(1, 3, 1), before(1, 3, 1), true, false, 'failing_as_before_high_risk'],
    ['E-680 failing before and passing now passes', now(0, 3, 0), before(1, 3, 1), true, true, 'exit_0'],
    ['E-681 without a count the exit code decides: as before', now(1, null), before(1, null), false, true, 'failing_as_before_uncounted'],
    ['E-681 without a count the exit code decides: passed', now(0, null), before(0, null), true, true, 'exit_0'],
    ['E-681 without a count the exit code decides: failed', now(1, null), before(0, null), false, false, 'exit_1'],
    ['E-681 a count on one side only compares nothing', now(0, null), before(0, 3), false, true, 'exit_0'],
    ['E-681 a missing report: the exit code decides', { ...now(0, null), reportMissing: true }, before(0), false, true, 'exit_0'],
    ['E-681 a missing report fails where risk is high', { ...now(0, null), reportMissing: true }, before(0), true, false, 'report_missing'],
    ['E-210 a collection error fails, also with exit 0', { ...now(0), collectionErrors: 1 }, before(0), false, false, 'collection_errors'],
    ['E-184 a collection error of the base is none of the candidate', { ...now(0), collectionErrors: 1 }, { ...before(0), collectionErrors: 1 }, false, true, 'exit_0'],
    ['E-184 a new collection error fails, by name', compared({ ...now(2), collectionErrors: 1 }, { newErrors: 1 }), { ...before(1), collectionErrors: 1 }, false, false, 'collection_errors'],
    ['E-680 failing only now and when run again blocks', compared(now(1, 3, 1), { newlyFailing: 1 }, 1), before(0), false, false, 'newly_failing'],
    ['E-680 one newly failing for one newly passing blocks', compared(now(1, 3, 1), { newlyFailing: 1, newlyPassing: 1 }, 1), before(1, 3, 1), false, false, 'newly_failing'],
    ['E-680 a newly failing test behind exit 0 blocks', compared(now(0, 3, 1), { newlyFailing: 1 }, 0), before(0), false, false, 'newly_failing'],
    ['E-680 passing when run again passes', compared(now(1, 3, 1), { flaky: 1 }, 0), before(0), false, true, 'passed_again'],
    ['E-680 what passes when run again beside something else that fails does not pass', compared(now(1, 3, 1), { flaky: 1 }, 1), before(0), false, false, 'exit_1'],
    ['E-680 a flaky suspect fails where risk is high', compared(now(1, 3, 1), { flaky: 1 }, 0), before(0), true, false, 'flaky_tests'],
    ['E-680 failing at T0 and now does not block', compared(now(1, 3, 1), { stillFailing: 1 }), before(1, 3, 2), false, true, 'failing_as_before'],
    ['E-680 failing at T0 and now with the number of failures as exit code does not block', compared(now(2, 9, 2), { stillFailing: 2 }), before(4, 9, 4), false, true, 'failing_as_before'],
    ['E-184 failing as before with a crash blocks', compared(now(139, 9, 2), { stillFailing: 2 }), before(2, 9, 2), false, false, 'exit_139'],
    ['E-184 a bad exit without a failing test blocks', compared(now(1, 9, 0), {}), before(0), false, false, 'exit_1'],
    ['E-183 a test that ran and is skipped now fails', compared(now(0), { newlySkipped: 1 }), before(0), false, false, 'new_skips'],
    ['E-183 a test that is gone fails', compared(now(0), { gone: 2, added: 1 }), before(0), false, false, 'deleted_tests'],
    ['E-183 a test in the place of another passes', compared(now(0), { gone: 1, added: 1 }), before(0), false, true, 'exit_0'],
    ['E-184 a new test that passes without the rest of the change fails', { ...now(0), newTests: { tried: 2, passedBefore: 1 } }, before(0), false, false, 'new_tests_pass_before'],
    ['E-184 new tests that fail without the rest of the change pass', { ...now(0), newTests: { tried: 2, passedBefore: 0 } }, before(0), true, true, 'exit_0'],
    ['E-183 tests that assert less fail', { ...now(0), weakened: 1 }, before(0), false, false, 'weakened_tests'],
  ])('%s', (_title, result, baseline, highRisk, passed, reason) => {
    expect(judgeCheck(result, baseline, rules(highRisk))).toMatchObject({ passed, reason });
  });

  test.each<readonly [string, TestResult]>([
    ['fewer_tests', now(0, 2)], ['new_skips', compared(now(0), { newlySkipped: 1 })], ['deleted_tests', compared(now(0), { gone: 1 })], ['weakened_tests', { ...now(0), weakened: 4 }],
  ])('E-183 allow_weaker_tests lets %s pass, which still is found', (kind, result) => {
    const verdict = judgeCheck(result, before(0), rules(true, true));
    expect(verdict).toMatchObject({ passed: true, reason: 'exit_0' });
    expect(verdict.findings.map((finding) => finding.kind)).toEqual([kind]);
  });

  test('E-183 allow_weaker_tests lets nothing else pass', () => {
    for (const result of [now(0, 0), compared(now(0), { newlyFailing: 1 }), { ...now(0), collectionErrors: 1 }, now(1)]) expect(judgeCheck(result, before(0), rules(false, true)).passed).toBe(false);
  });

  test('E-184 everything that was found is told with its number, not only what decided', () => {
    expect(judgeCheck(compared({ ...now(1, 2, 2), weakened: 3 }, { newlyFailing: 2, stillFailing: 1, flaky: 1, gone: 4, added: 1 }, 1), before(1), rules(false))).toEqual({
      passed: false,
      reason: 'newly_failing',
      findings: [['newly_failing', 2], ['deleted_tests', 3], ['fewer_tests', 1], ['weakened_tests', 3], ['flaky_tests', 1], ['replaced_tests', 1], ['still_failing', 1]].map(([kind, count]) => ({ kind, count })),
    });
  });
});

test('E-174 the difference of coverage is a number where both are known, else unknown and never 0', () => {
  expect(coverageDelta({ coverageBp: 7000 }, { coverageBp: 7250 })).toBe(-250);
  expect(coverageDelta({ coverageBp: null }, { coverageBp: 7250 })).toBeNull();
  expect(coverageDelta({ coverageBp: 0 }, { coverageBp: null })).toBeNull();
});

describe('a base', () => {
  test.each<readonly [string, TestResult, string | null, string]>([
    ['E-183 passing tests are a passed baseline', now(0), null, 'exit_0'],
    ['E-183 failing tests are a failed baseline and no reason to pause', now(1, 3, 1), null, 'failing_before'],
    ['E-183 failing tests without a count and exit 1 are no reason to pause', now(1, null), null, 'failing_before'],
    ['E-181 zero tests pause', now(0, 0), 'zero_tests', 'zero_tests'],
    ['E-181 a command that is not there pauses', now(127, null), 'collection_error', 'exit_127'],
    ['E-183 an unknown runner that never came to run a test pauses', now(2, null), 'collection_error', 'exit_2'],
    ['E-183 a collection error pauses', { ...now(1), collectionErrors: 1 }, 'collection_error', 'collection_error'],
    ['E-183 exit 2 with counted tests is a failing base', now(2, 3, 1), null, 'failing_before'],
    ['E-183 a time-out pauses', { ...now(null), ended: 'timed_out' }, 'timed_out', 'timed_out'],
    ['E-183 a failing setup pauses', { ...now(null), ended: 'setup_failed' }, 'setup_failed', 'setup_failed'],
  ])('%s', (_title, result, pause, reason) => {
    expect(judgeBaseline(result)).toMatchObject({ pause, reason, baseline: { status: result.exitCode === 0 ? 'passed' : 'failed', exitCode: result.exitCode } });
  });

  test('E-184 a tree whose only failures were flaky is a passed baseline', () => {
    expect(baselineOf(compared(now(1, 3, 0), { flaky: 1 }, 0))).toMatchObject({ status: 'passed', exitCode: 0 });
  });
});

test('E-184 nothing passes that passes less than its baseline', () => {
  const codes = [0, 1, 2];
  const numbers = [null, 0, 1, 5];
  for (const a of codes) for (const b of codes) for (const run of numbers) for (const ran of numbers) for (const bad of numbers) for (const highRisk of [true, false]) {
    const verdict = judgeCheck(now(a, run, bad), before(b, ran, 1), rules(highRisk));
    if (verdict.passed) expect(run !== 0 && (a === 0 || (a === b && !highRisk)) && !(run !== null && ran !== null && run < ran) && (bad ?? 0) <= 1).toBe(true);
  }
});
