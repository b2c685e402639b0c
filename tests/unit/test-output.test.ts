import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { readOutput } from '#src/domain/reports/dialects.ts';
import { readSummary } from '#src/domain/reports/summaries.ts';
import { failureMessage } from '#src/domain/test-output.ts';

const countedIn = (output: string) => {
  const summary = readSummary(output);
  return summary === null ? { run: null, failed: null } : { run: summary.run, failed: summary.failed };
};

describe('counts', () => {
  test.each<readonly [string, string, number | null, number | null]>([
    ['node:test spec', '✔ a (1ms)\n✖ b (2ms)\nℹ tests 2\nℹ suites 0\nℹ pass 1\nℹ fail 1\nℹ cancelled 0\nℹ skipped 0\nℹ todo 0\nℹ duration_ms #\n', 2, 1],
    ['node:test spec, passed', 'ℹ tests 12\nℹ pass 12\nℹ fail 0\n', 12, 0],
    ['node:test TAP', 'TAP version 13\nok 1 - a\nnot ok 2 - b\n1..2\n# tests 2\n# suites 0\n# pass 1\n# fail 1\n', 2, 1],
    ['node:test with skipped ones, which have not run', 'ℹ tests 5\nℹ pass 2\nℹ fail 1\nℹ cancelled 0\nℹ skipped 1\nℹ todo 1\n', 3, 1],
    ['node:test without a test', 'ℹ tests 0\nℹ pass 0\nℹ fail 0\n', 0, 0],
    ['TAP of nothing', 'TAP version 13\n1..0\n', 0, 0],
    ['pytest', '===== test session starts =====\ncollected 4 items\n\ntest_a.py ..F\n===== 1 failed, 3 passed in 0.12s =====\n', 4, 1],
    ['pytest after normalisation', '== 3 passed in # ==\n', 3, 0],
    ['pytest quiet', '..\n2 passed in 0.01s\n', 2, 0],
    ['pytest with warnings and skips', '=== 3 passed, 1 skipped, 2 warnings in 0.05s ===', 3, 0],
    ['pytest, failures alone', '=== 2 failed in 0.1s ===', 2, 2],
    ['pytest with an error of a fixture', '=== 1 failed, 2 passed, 1 error in 0.1s ===', 4, 2],
    ['pytest with expected failures, which have not run', '=== 1 passed, 2 xfailed in 0.1s ===', 1, 0],
    ['pytest without a test', 'collected 0 items\n\n===== no tests ran in 0.00s =====\n', 0, 0],
    ['pytest quiet without a test', 'no tests ran in 0.00s\n', 0, 0],
    ['pytest, everything deselected', '===== 3 deselected in 0.01s =====\n', 0, 0],
    ['pytest that could not collect', 'collected 0 items / 1 error\n!!!! Interrupted: 1 error during collection !!!!\n===== 1 error in 0.10s =====\n', null, null],
    ['unittest', '..\n------\nRan 2 tests in 0.001s\n\nOK\n', 2, 0],
    ['unittest, one', 'Ran 1 test in #\n\nOK\n', 1, 0],
    ['unittest, failures', 'Ran 5 tests in 0.001s\n\nFAILED (failures=1)\n', 5, 1],
    ['unittest, errors', 'Ran 5 tests in 0.001s\n\nFAILED (errors=2)\n', 5, 2],
    ['unittest, failures and errors', 'Ran 5 tests in 0.001s\n\nFAILED (failures=1, errors=2, skipped=1)\n', 4, 3],
    ['unittest, expected failures and unexpected successes', 'Ran 5 tests in 0.001s\n\nFAILED (failures=1, expected failures=2, unexpected successes=1)\n', 3, 2],
    ['unittest without a test', 'Ran 0 tests in 0.000s\n\nNO TESTS RAN\n', 0, 0],
    ['jest', 'Test Suites: 1 failed, 1 passed, 2 total\nTests:       1 failed, 2 passed, 3 total\nSnapshots:   0 total\nTime:        1.2 s\n', 3, 1],
    ['jest, passed', 'Tests:       3 passed, 3 total\n', 3, 0],
    ['jest without a test', 'No tests found, exiting with code 1\n', 0, 0],
    ['vitest', ' Test Files  1 failed | 1 passed (2)\n      Tests  1 failed | 2 passed (3)\n   Start at  10:00:00\n', 3, 1],
    ['vitest, passed', ' Test Files  1 passed (1)\n      Tests  41 passed (41)\n', 41, 0],
    ['vitest without a file', 'No test files found, exiting with code 1\n', 0, 0],
    ['vitest without a test', ' Test Files  1 failed (1)\n      Tests  no tests\n', 0, 0],
    ['mocha', '  a\n    ✔ works\n    1) breaks\n\n  1 passing (12ms)\n  1 pending\n  2 failing\n', 3, 2],
    ['mocha, passed', '\n  3 passing (#)\n', 3, 0],
    ['mocha without a test', '\n  0 passing (1ms)\n', 0, 0],
    ['tape', 'TAP version 13\n# a\nok 1\n\n1..3\n# tests 3\n# pass  2\n# fail  1\n', 3, 1],
    ['tape, passed', '1..3\n# tests 3\n# pass  3\n\n# ok\n', 3, 0],
    ['tape without a test', '1..0\n# tests 0\n# pass  0\n\n# ok\n', 0, 0],
  ])('E-181 %s is counted', (_runner, output, run, failed) => {
    expect(countedIn(output)).toEqual({ run, failed });
    expect(countedIn(output.trimEnd())).toEqual({ run, failed });
    expect(countedIn(`building…\nwarning: 3 files\n${output}`)).toEqual({ run, failed });
  });

  test.each([
    ['nothing', ''], ['a build', 'compiled in 3s\n'], ['make', 'make: *** [test] Error 1\n'], ['go', 'ok  \texample.com/a\t0.003s\n'], ['cargo', 'test result: ok. 3 passed; 0 failed; 0 ignored\n\n   Doc-tests a\n\ntest result: ok. 0 passed; 0 failed; 0 ignored\n'],
    ['a log', 'worker: 5 passed messages, 2 failed\n'], ['a shell', 'sh: 1: pytest: not found\n'], ['a title', '✔ reports 3 passed (1ms)\n'],
  ])('E-681 %s says nothing of a number: the exit code decides', (_what, output) => {
    expect(countedIn(output)).toEqual({ run: null, failed: null });
  });

  test('E-181 the last summary counts, nested ones do not', () => {
    expect(countedIn('    # tests 2\n# tests 9\n# fail 3\n# tests 4\n# fail 1\n')).toEqual({ run: 4, failed: 1 });
    expect(countedIn('1 failed in 0.1s\n2 passed in 0.1s\n')).toEqual({ run: 2, failed: 0 });
  });

  test('E-681 the number that ran and the number that failed are known together or not at all', () => {
    const line = fc.constantFrom('# tests 2', '# fail 1', 'ℹ tests 3', 'Ran 2 tests in 1s', 'FAILED (failures=1)', '1 failed, 2 passed in 1s', 'Tests: 1 failed, 3 total', 'Tests  1 failed | 2 passed (3)', '  2 passing', '  1 failing', 'collected 0 items', '1..0', 'x');
    fc.assert(fc.property(fc.array(line, { maxLength: 6 }), (lines) => {
      const { run, failed } = countedIn(lines.join('\n'));
      expect((run === null) === (failed === null)).toBe(true);
    }));
  });
});

describe('what failed', () => {
  test.each([
    ['node:test', 'ok 1 - a\nnot ok 2 - b\n  ---\n  duration_ms: #\n  type: test\n# fail 1\n', 'not ok 2 - b'],
    ['node:test spec', '✔ a (#)\n✖ b (#)\nℹ fail 1\n✖ failing tests:\n', '✖ b (#)'],
    ['pytest', 'test_a.py F\nE       assert 4 == 5\nFAILED test_a.py::test_sum - assert 4 == 5\n', 'E       assert 4 == 5 | FAILED test_a.py::test_sum - assert 4 == 5'],
    ['a thrown error', 'booting\nTypeError: x is not a function\n    at f (./a.js:1:2)\n', 'TypeError: x is not a function'],
    ['nothing telling', 'one\ntwo\nthree\nfour\n', 'two | three | four'],
    ['the same line twice', 'not ok 1 - a\nnot ok 1 - a\n', 'not ok 1 - a'],
    ['nothing', '\n \n', ''],
  ])('E-185 of %s the lines that say what failed are kept', (_what, output, wanted) => {
    expect(failureMessage(output)).toBe(wanted);
  });

  test('E-185 a message keeps its limit of 500 and is well-formed, whatever the output', () => {
    fc.assert(fc.property(fc.array(fc.constantFrom('not ok ', '😀'.repeat(90), 'x'.repeat(77), '\n', 'FAIL '), { maxLength: 30 }).map((parts) => parts.join('')), (output) => {
      const message = failureMessage(output);
      expect(message.length).toBeLessThanOrEqual(500);
      expect(message.isWellFormed()).toBe(true);
    }));
  });

  test.each(['not ok ', ' ', '\n', '1', 'Tests ', 'Tests  ', 'Tests: ', 'FAILED (', 'errors=1 ', '1 failed ', 'A.', '(', '1 passed, ', '=', 'Error'])('E-181 E-185 an output of nothing but %j is read in no time to speak of', (unit) => {
    const before = performance.now();
    const output = unit.repeat(200_000 / unit.length);
    readOutput(output);
    failureMessage(output);
    expect(performance.now() - before).toBeLessThan(1000);
  });

  test.each([['Tests: ', '1'], ['Tests: 1 total\n', '1 failed '], ['Ran 1 tests in 1s\n', 'errors=1 '], ['', 'Error.']])('E-181 E-185 after %j a line without end of %j is read in no time to speak of', (before, unit) => {
    const started = performance.now();
    const output = before + unit.repeat(200_000 / unit.length);
    readOutput(output);
    failureMessage(output);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
