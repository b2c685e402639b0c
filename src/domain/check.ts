// Check
// =====
// The tests of a candidate against those of its base: what was found, by a table, then the exit code. A finding that
// fails outweighs an exit code of 0; no report makes a bad exit code good, but for failures that were there before and
// for those that passed when they were run again.
// Sources: E-174, E-181, E-183, E-184, E-210, E-680, E-681.

/** How many of each; the names lie in a blob. */
export interface Compared {
  readonly newlyFailing: number;
  readonly newlyPassing: number;
  readonly stillFailing: number;
  readonly flaky: number;
  readonly newErrors: number;
  readonly gone: number;
  readonly added: number;
  readonly newlySkipped: number;
}

interface Numbers {
  readonly exitCode: number | null;
  /** Passed or failed; null when nothing says so. */
  readonly testsRun: number | null;
  readonly testsFailed: number | null;
  readonly collectionErrors: number;
  /** Numbers of two dialects are not comparable. */
  readonly dialect: string | null;
  readonly report: { readonly ref: string; readonly bytes: number } | null;
  /** Null: unknown. */
  readonly coverageBp: number | null;
}

export interface TestResult extends Numbers {
  readonly ended: 'exited' | 'signalled' | 'timed_out' | 'spawn_failed' | 'setup_failed';
  readonly reportMissing: boolean;
  readonly compared: Compared | null;
  /** Of the second run, null where there was none. */
  readonly againExitCode: number | null;
  /** Assertions that the changed test files have less. */
  readonly weakened: number;
  /** New tests on the base: how many pass there already. */
  readonly newTests: { readonly tried: number; readonly passedBefore: number } | null;
}

export interface Baseline extends Numbers {
  readonly status: 'passed' | 'failed' | 'none';
}

export const NO_BASELINE: Baseline = { status: 'none', exitCode: null, testsRun: null, testsFailed: null, collectionErrors: 0, dialect: null, report: null, coverageBp: null };

export interface CheckRules {
  readonly highRisk: boolean;
  /** The plan lets tests be deleted, skipped or weakened. */
  readonly allowWeakerTests: boolean;
}

export interface Finding {
  readonly kind: string;
  readonly count: number;
}

export interface CheckVerdict {
  readonly passed: boolean;
  readonly reason: string;
  readonly findings: readonly Finding[];
}

interface Rule {
  readonly kind: string;
  readonly fails: 'always' | 'high_risk' | 'unless_allowed' | 'never';
  count(now: TestResult, baseline: Baseline): number;
}

/** By how much the first is more than the second; nothing where one is not known. */
const over = (a: number | null, b: number | null): number => (a === null || b === null ? 0 : Math.max(0, a - b));
const isSame = (now: TestResult, baseline: Baseline): boolean => now.dialect !== null && now.dialect === baseline.dialect;

/** The first that fails gives the reason. */
const RULES: readonly Rule[] = [
  { kind: 'collection_errors', fails: 'always', count: (now, baseline) => now.compared?.newErrors ?? over(now.collectionErrors, isSame(now, baseline) ? baseline.collectionErrors : 0) },
  { kind: 'zero_tests', fails: 'always', count: ({ testsRun }) => (testsRun === 0 ? 1 : 0) },
  { kind: 'newly_failing', fails: 'always', count: ({ compared }) => compared?.newlyFailing ?? 0 },
  { kind: 'failures_hidden', fails: 'always', count: (now, baseline) => (now.exitCode === 0 && now.compared === null ? over(now.testsFailed, isSame(now, baseline) ? baseline.testsFailed : 0) : 0) },
  { kind: 'new_skips', fails: 'unless_allowed', count: ({ compared }) => compared?.newlySkipped ?? 0 },
  { kind: 'deleted_tests', fails: 'unless_allowed', count: ({ compared }) => (compared === null ? 0 : Math.max(0, compared.gone - compared.added)) },
  { kind: 'fewer_tests', fails: 'unless_allowed', count: (now, baseline) => (isSame(now, baseline) ? over(baseline.testsRun, now.testsRun) : 0) },
  { kind: 'weakened_tests', fails: 'unless_allowed', count: ({ weakened }) => weakened },
  { kind: 'new_tests_pass_before', fails: 'always', count: ({ newTests }) => newTests?.passedBefore ?? 0 },
  { kind: 'report_missing', fails: 'high_risk', count: ({ reportMissing }) => (reportMissing ? 1 : 0) },
  { kind: 'flaky_tests', fails: 'high_risk', count: ({ compared }) => compared?.flaky ?? 0 },
  { kind: 'replaced_tests', fails: 'never', count: ({ compared }) => (compared === null ? 0 : Math.min(compared.gone, compared.added)) },
  { kind: 'still_failing', fails: 'never', count: ({ compared }) => compared?.stillFailing ?? 0 },
];

export function judgeCheck(now: TestResult, baseline: Baseline, rules: CheckRules): CheckVerdict {
  const verdict = (passed: boolean, reason: string, findings: readonly Finding[] = []): CheckVerdict => ({ passed, reason, findings });
  if (now.ended !== 'exited') return verdict(false, now.ended);
  const found = RULES.map((rule) => ({ ...rule, found: rule.count(now, baseline) })).filter((rule) => rule.found > 0);
  const findings = found.map(({ kind, found: count }) => ({ kind, count }));
  const failing = found.find(({ fails }) => fails === 'always' || (fails === 'high_risk' && rules.highRisk) || (fails === 'unless_allowed' && !rules.allowWeakerTests));
  if (failing !== undefined) return verdict(false, failing.kind, findings);
  const { passed, reason } = byExitCode(now, baseline, rules.highRisk);
  return verdict(passed, reason, findings);
}

/** Where nothing newly failing is left the second run speaks for the tree. */
const exitCodeOf = ({ exitCode, againExitCode, compared }: TestResult): number | null =>
  againExitCode !== null && compared !== null && compared.newlyFailing + compared.newErrors === 0 ? againExitCode : exitCode;

type Ruling = Pick<CheckVerdict, 'passed' | 'reason'>;

function byExitCode(now: TestResult, baseline: Baseline, highRisk: boolean): Ruling {
  const exitCode = exitCodeOf(now);
  if (exitCode === 0) return { passed: true, reason: now.exitCode === 0 ? 'exit_0' : 'passed_again' };
  if (baseline.status !== 'failed') return { passed: false, reason: `exit_${exitCode}` };
  // An old failure can hide a new one: high risk does not take that chance (E-183).
  if (highRisk) return { passed: false, reason: 'failing_as_before_high_risk' };
  // mocha exits with the number of failures.
  if (now.compared !== null && now.compared.stillFailing > 0 && [1, baseline.exitCode, now.testsFailed].includes(exitCode)) return { passed: true, reason: 'failing_as_before' };
  if (exitCode !== baseline.exitCode) return { passed: false, reason: `exit_${exitCode}` };
  if (!isSame(now, baseline) || now.testsFailed === null || baseline.testsFailed === null) return { passed: true, reason: 'failing_as_before_uncounted' };
  return now.testsFailed <= baseline.testsFailed ? { passed: true, reason: 'failing_as_before' } : { passed: false, reason: 'more_failures' };
}

/** What the tests say of a tree, for those that are built on it. */
export function baselineOf(result: TestResult): Baseline {
  const { testsRun, testsFailed, collectionErrors, dialect, report, coverageBp } = result;
  const exitCode = exitCodeOf(result);
  return { status: exitCode === 0 ? 'passed' : 'failed', exitCode, testsRun, testsFailed, collectionErrors, dialect, report, coverageBp };
}

/** In basis points; what is not known on both sides compares with nothing (E-174). */
export const coverageDelta = (now: Pick<Numbers, 'coverageBp'>, baseline: Pick<Numbers, 'coverageBp'>): number | null =>
  now.coverageBp === null || baseline.coverageBp === null ? null : now.coverageBp - baseline.coverageBp;

/** What the tests say of the base before anything is spent; a reason to pause is `pause`. */
export function judgeBaseline(result: TestResult): { readonly baseline: Baseline; readonly pause: string | null; readonly reason: string } {
  const { ended, exitCode, testsRun, collectionErrors } = result;
  const baseline = baselineOf(result);
  const paused = (pause: string, reason = pause) => ({ baseline, pause, reason });
  if (ended !== 'exited') return paused(ended);
  if (collectionErrors > 0) return paused('collection_error');
  if (testsRun === 0) return paused('zero_tests');
  // 126, 127: the command is not there; 2 and above without a counted test: it never came to run one.
  if (exitCode !== 0 && exitCode !== 1 && testsRun === null) return paused('collection_error', `exit_${exitCode}`);
  return { baseline, pause: null, reason: exitCode === 0 ? 'exit_0' : 'failing_before' };
}
