import { describe, expect, test } from 'vitest';
import { judgeBaseline, judgeCheck, NO_BASELINE, type Baseline, type TestResult } from '#src/domain/check.ts';

const now = (exitCode: number | null, testsRun: number | null = 3, testsFailed: number | null = null): TestResult => ({ ended: 'exited', exitCode, testsRun, testsFailed });
const before = (exitCode: number, testsRun: number | null = 3, testsFailed: number | null = null): Baseline => ({ status: exitCode === 0 ? 'passed' : 'failed', exitCode, testsRun, testsFailed });

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
    ['E-183 fewer tests than before fail, also when they pass', now(0, 2), before(0, 3), false, false, 'fewer_tests'],
    ['E-183 as many tests pass', now(0, 3), before(0, 3), false, true, 'exit_0'],
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
  ])('%s', (_title, result, baseline, highRisk, passed, reason) => {
    expect(judgeCheck(result, baseline, highRisk)).toEqual({ passed, reason });
  });
});

describe('a base', () => {
  test.each<readonly [string, TestResult, string | null, string]>([
    ['E-183 passing tests are a passed baseline', now(0), null, 'exit_0'],
    ['E-183 failing tests are a failed baseline and no reason to pause', now(1, 3, 1), null, 'failing_before'],
    ['E-183 failing tests without a count and exit 1 are no reason to pause', now(1, null), null, 'failing_before'],
    ['E-181 zero tests pause', now(0, 0), 'zero_tests', 'zero_tests'],
    ['E-181 a command that is not there pauses', now(127, null), 'collection_error', 'exit_127'],
    ['E-183 a collection error pauses', now(2, null), 'collection_error', 'exit_2'],
    ['E-183 exit 2 with counted tests is a failing base', now(2, 3, 1), null, 'failing_before'],
    ['E-183 a time-out pauses', { ...now(null), ended: 'timed_out' }, 'timed_out', 'timed_out'],
    ['E-183 a failing setup pauses', { ...now(null), ended: 'setup_failed' }, 'setup_failed', 'setup_failed'],
  ])('%s', (_title, result, pause, reason) => {
    expect(judgeBaseline(result)).toMatchObject({ pause, reason, baseline: { status: result.exitCode === 0 ? 'passed' : 'failed', exitCode: result.exitCode } });
  });
});

test('E-184 nothing passes that passes less than its baseline', () => {
  const codes = [0, 1, 2];
  const numbers = [null, 0, 1, 5];
  for (const a of codes) for (const b of codes) for (const run of numbers) for (const ran of numbers) for (const bad of numbers) for (const highRisk of [true, false]) {
    const verdict = judgeCheck(now(a, run, bad), before(b, ran, 1), highRisk);
    if (verdict.passed) expect(run !== 0 && (a === 0 || (a === b && !highRisk)) && !(run !== null && ran !== null && run < ran)).toBe(true);
  }
});
