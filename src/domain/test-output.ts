// Test output
// ===========
// What the text of a test run says of what failed, in one line. Source: E-185.

import { cut, shortened } from './text.ts';

const TELLING = /^\s*(?:not ok\b|✖|✗|×|FAIL\b|FAILED\b|E\s{2,}|[\w.]*Error\b[^:]*:|error:|[+-] (?:expected|actual)|\d+\) )/;
const BORING = /^\s*(?:#|ℹ|at |✖ failing tests|duration_ms|type:|location:|---|\.\.\.)/;

/** The lines that say what failed, in one; the last lines where none does. At most 500 characters. */
export function failureMessage(output: string): string {
  const lines = shortened(output).split('\n').map((line) => line.trim()).filter((line) => line !== '' && !BORING.test(line));
  const telling = [...new Set(lines.filter((line) => TELLING.test(line)))];
  const shown = telling.length > 0 ? telling.slice(0, 6) : lines.slice(-3);
  return cut(shown.join(' | '), 480);
}
