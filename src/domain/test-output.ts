// Test output
// ===========
// What the text of a test run says of its number of tests and of what failed. Counts only; which tests they are is
// for reports. Source: E-181, E-185. Unknown runners say nothing: null, and the exit code decides.

export interface TestCounts {
  readonly run: number | null;
  readonly failed: number | null;
}

interface Dialect {
  readonly run: RegExp;
  readonly failed?: RegExp;
  /** Adds the failed ones to `run` (the runner prints passed and failed apart). */
  readonly apart?: boolean;
}

// The last match counts: nested suites print their own totals first.
const DIALECTS: readonly Dialect[] = [
  { run: /^(?:#|ℹ) tests (\d+)$/gm, failed: /^(?:#|ℹ) fail (\d+)$/gm }, // node:test, tap and spec
  { run: /^Ran (\d+) tests? in /gm, failed: /^FAILED \((?:failures|errors)=(\d+)/gm }, // unittest
  { run: /^\s*Tests:?\s.*?(\d+) total/gm, failed: /^\s*Tests:?\s.*?(\d+) failed/gm }, // jest
  { run: /^\s*Tests\s.*\((\d+)\)/gm, failed: /^\s*Tests\s.*?(\d+) failed/gm }, // vitest
  { run: /(\d+) passed/g, failed: /(\d+) failed/g, apart: true }, // pytest
  { run: /^\s*(\d+) passing\b/gm, failed: /^\s*(\d+) failing\b/gm, apart: true }, // mocha
  { run: /^# pass\s+(\d+)/gm, failed: /^# fail\s+(\d+)/gm, apart: true }, // tape
];
const NOTHING = /^(?:=+ )?no tests ran\b|\bcollected 0 items\b|\bNo test(?:s| files) found\b|^1\.\.0\b|^Ran 0 tests\b/m;

const last = (text: string, pattern: RegExp): number | null => {
  const match = [...text.matchAll(pattern)].at(-1)?.[1];
  return match === undefined ? null : Number(match);
};

export function countTests(output: string): TestCounts {
  for (const { run, failed, apart } of DIALECTS) {
    const ran = last(output, run);
    const bad = failed === undefined ? null : last(output, failed);
    if (ran !== null) return { run: apart === true ? ran + (bad ?? 0) : ran, failed: bad ?? 0 };
    if (apart === true && bad !== null) return { run: bad, failed: bad };
  }
  return NOTHING.test(output) ? { run: 0, failed: 0 } : { run: null, failed: null };
}

const TELLING = /^\s*(?:not ok\b|✖|✗|×|FAIL\b|FAILED\b|E\s{2,}|[\w.]*Error\b[^:]*:|error:|[+-] (?:expected|actual)|\d+\) )/;
const BORING = /^\s*(?:#|ℹ|at |✖ failing tests|duration_ms|type:|location:|---|\.\.\.)/;

/** The lines that say what failed, in one; the last lines where none does. At most 500 characters. */
export function failureMessage(output: string): string {
  const lines = output.split('\n').map((line) => line.trim()).filter((line) => line !== '' && !BORING.test(line));
  const telling = [...new Set(lines.filter((line) => TELLING.test(line)))];
  const shown = telling.length > 0 ? telling.slice(0, 6) : lines.slice(-3);
  return [...shown.join(' | ')].slice(0, 480).join('');
}
