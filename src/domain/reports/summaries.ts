// Summaries
// =========
// What the text of a test run says of its number of tests: the runner's own last lines. Unknown runners say nothing:
// null, and the exit code decides. Sources: E-181, E-185, E-681.

export interface Summary {
  readonly dialect: string;
  /** Tests that passed or failed. */
  readonly run: number;
  readonly failed: number;
  readonly skipped: number;
}

interface Runner {
  readonly dialect: string;
  /** The line of the total; without a group it says that none ran. */
  readonly run: RegExp;
  /** What failed and what was skipped, from that line on; several are added up. */
  readonly failed: RegExp;
  readonly skipped: RegExp;
  /** The total has neither failed nor skipped ones in it. */
  readonly isPassed?: boolean;
}

// The last total counts: nested suites print their own first.
const RUNNERS: readonly Runner[] = [
  { dialect: 'node_test', run: /^(?:#|ℹ) tests +(\d+)$/gm, failed: /^(?:#|ℹ) (?:fail|cancelled) +(\d+)$/gm, skipped: /^(?:#|ℹ) (?:skipped|skip|todo) +(\d+)$/gm }, // and tape
  { dialect: 'unittest', run: /^Ran (\d+) tests? in /gm, failed: /(?<=^FAILED \(.*)\b(?<!expected )(?:failures|errors|unexpected successes)=(\d+)/gm, skipped: /(?<=^(?:FAILED|OK) \(.*)\b(?:skipped|expected failures)=(\d+)/gm },
  { dialect: 'jest', run: /^[ \t]*Tests:[ \t].*?(\d+) total/gm, failed: /(?<=^[ \t]*Tests:.*)\b(\d+) failed/gm, skipped: /(?<=^[ \t]*Tests:.*)\b(\d+) (?:skipped|todo)/gm },
  { dialect: 'vitest', run: /^[ \t]*Tests {2,}(?:.*\((\d+)\)|no tests)$/gm, failed: /(?<=^[ \t]*Tests {2}.*)\b(\d+) failed/gm, skipped: /(?<=^[ \t]*Tests {2}.*)\b(\d+) (?:skipped|todo)/gm },
  { dialect: 'mocha', run: /^[ \t]*(\d+) passing\b/gm, failed: /^[ \t]*(\d+) failing\b/gm, skipped: /^[ \t]*(\d+) pending\b/gm, isPassed: true },
];
const NOTHING = /^(?:=+ )?no tests ran\b|^(?:No tests found|No test files found)\b|^1\.\.0\b/m;

const added = (text: string, numbers: RegExp): number => [...text.matchAll(numbers)].reduce((sum, [, number]) => sum + Number(number), 0);

export function readSummary(output: string): Summary | null {
  for (const { dialect, run, failed: bad, skipped: left, isPassed } of RUNNERS) {
    const total = [...output.matchAll(run)].at(-1);
    if (total === undefined) continue;
    const rest = output.slice(total.index);
    const [all, failed, skipped] = [Number(total[1] ?? 0), added(rest, bad), added(rest, left)];
    return { dialect, run: isPassed === true ? all + failed : Math.max(failed, all - skipped), failed, skipped };
  }
  return pytestSummary(output) ?? (NOTHING.test(output) ? { dialect: 'none', run: 0, failed: 0, skipped: 0 } : null);
}

const WORD = '\\d+ (?:failed|passed|errors?|skipped|deselected|xfailed|xpassed|warnings?|rerun|subtests passed)';
const PYTEST = new RegExp(`^(?:=+ )?${WORD}(?:, ${WORD})* in [\\d#]`, 'gm');

/** One line says it all: `1 failed, 3 passed in 0.12s`. */
function pytestSummary(output: string): Summary | null {
  const summary = [...output.matchAll(PYTEST)].at(-1)?.[0];
  if (summary === undefined) return null;
  const of = (word: string): number => added(summary, new RegExp(`\\b(\\d+) ${word}\\b`, 'g'));
  const [ran, errors] = [of('passed') + of('failed') + of('xpassed'), of('errors?')];
  const skipped = of('skipped') + of('xfailed');
  // Errors alone come from the collection: how many tests there are nobody knows.
  return ran + skipped === 0 && errors > 0 ? null : { dialect: 'pytest', run: ran + errors, failed: of('failed') + errors, skipped };
}
