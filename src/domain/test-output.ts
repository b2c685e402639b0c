// Test output
// ===========
// What the text of a test run says of its number of tests and of what failed. Counts only; which tests they are is
// for reports. Source: E-181, E-185. Unknown runners say nothing: null, and the exit code decides.

import { cut } from './text.ts';

export interface TestCounts {
  readonly run: number | null;
  readonly failed: number | null;
}

interface Dialect {
  /** The line of the total; without a group it says that none ran. */
  readonly run: RegExp;
  /** What failed, from that line on; several are added up. */
  readonly failed: RegExp;
  /** Adds the failed ones to `run` (the runner prints passed and failed apart). */
  readonly apart?: boolean;
}

// The last total counts: nested suites print their own first.
const DIALECTS: readonly Dialect[] = [
  { run: /^(?:#|ℹ) tests +(\d+)$/gm, failed: /^(?:#|ℹ) fail +(\d+)$/gm }, // node:test in tap and spec, tape
  { run: /^Ran (\d+) tests? in /gm, failed: /(?<=^FAILED \(.*)(?:failures|errors)=(\d+)/gm }, // unittest
  { run: /^[ \t]*Tests:[ \t].*?(\d+) total/gm, failed: /(?<=^[ \t]*Tests:.*)\b(\d+) failed/gm }, // jest
  { run: /^[ \t]*Tests {2,}(?:.*\((\d+)\)|no tests)$/gm, failed: /(?<=^[ \t]*Tests {2}.*)\b(\d+) failed/gm }, // vitest
  { run: /^[ \t]*(\d+) passing\b/gm, failed: /^[ \t]*(\d+) failing\b/gm, apart: true }, // mocha
];
const NOTHING = /^(?:=+ )?no tests ran\b|^(?:No tests found|No test files found)\b|^1\.\.0\b/m;

const added = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);

/** A summary is short. What a hostile test prints without a line end would keep the expressions busy for minutes. */
const LINE_MAX = 2000;
const shortened = (output: string): string => output.split('\n').map((line) => line.slice(0, LINE_MAX)).join('\n');

export function countTests(whole: string): TestCounts {
  const output = shortened(whole);
  for (const { run, failed, apart } of DIALECTS) {
    const total = [...output.matchAll(run)].at(-1);
    if (total === undefined) continue;
    const bad = added([...output.slice(total.index).matchAll(failed)].map(([, number]) => Number(number)));
    return { run: Number(total[1] ?? 0) + (apart === true ? bad : 0), failed: bad };
  }
  return pytest(output) ?? (NOTHING.test(output) ? { run: 0, failed: 0 } : { run: null, failed: null });
}

const WORD = '\\d+ (?:failed|passed|errors?|skipped|deselected|xfailed|xpassed|warnings?|rerun|subtests passed)';
const SUMMARY = new RegExp(`^(?:=+ )?${WORD}(?:, ${WORD})* in [\\d#]`, 'gm');

/** One line says it all: `1 failed, 3 passed in 0.12s`. */
function pytest(output: string): TestCounts | null {
  const summary = [...output.matchAll(SUMMARY)].at(-1)?.[0];
  if (summary === undefined) return null;
  const of = (word: string): number => added([...summary.matchAll(new RegExp(`\\b(\\d+) ${word}\\b`, 'g'))].map(([, number]) => Number(number)));
  const [ran, errors] = [of('passed') + of('failed') + of('xfailed') + of('xpassed'), of('errors?')];
  // Errors alone come from the collection: how many tests there are nobody knows.
  return ran === 0 && errors > 0 ? { run: null, failed: null } : { run: ran + errors, failed: of('failed') + errors };
}

const TELLING = /^\s*(?:not ok\b|✖|✗|×|FAIL\b|FAILED\b|E\s{2,}|[\w.]*Error\b[^:]*:|error:|[+-] (?:expected|actual)|\d+\) )/;
const BORING = /^\s*(?:#|ℹ|at |✖ failing tests|duration_ms|type:|location:|---|\.\.\.)/;

/** The lines that say what failed, in one; the last lines where none does. At most 500 characters. */
export function failureMessage(output: string): string {
  const lines = shortened(output).split('\n').map((line) => line.trim()).filter((line) => line !== '' && !BORING.test(line));
  const telling = [...new Set(lines.filter((line) => TELLING.test(line)))];
  const shown = telling.length > 0 ? telling.slice(0, 6) : lines.slice(-3);
  return cut(shown.join(' | '), 480);
}
