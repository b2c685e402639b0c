// Check
// =====
// The tests of a candidate against those of the base, by exit code and by what the output says of their number.
// Sources: E-181, E-183, E-184, E-680.

export interface TestResult {
  readonly ended: 'exited' | 'signalled' | 'timed_out' | 'spawn_failed' | 'setup_failed';
  readonly exitCode: number | null;
  /** Null when the output does not say. */
  readonly testsRun: number | null;
  readonly testsFailed: number | null;
}

export interface Baseline {
  readonly status: 'passed' | 'failed' | 'none';
  readonly exitCode: number | null;
  readonly testsRun: number | null;
  readonly testsFailed: number | null;
}

export const NO_BASELINE: Baseline = { status: 'none', exitCode: null, testsRun: null, testsFailed: null };

export interface CheckVerdict {
  readonly passed: boolean;
  readonly reason: string;
}

const passed = (reason: string): CheckVerdict => ({ passed: true, reason });
const failed = (reason: string): CheckVerdict => ({ passed: false, reason });

export function judgeCheck(now: TestResult, baseline: Baseline, highRisk: boolean): CheckVerdict {
  if (now.ended !== 'exited') return failed(now.ended);
  if (now.testsRun === 0) return failed('zero_tests');
  if (baseline.testsRun !== null && now.testsRun !== null && now.testsRun < baseline.testsRun) return failed('fewer_tests');
  if (now.exitCode === 0) return passed('exit_0');
  if (baseline.status !== 'failed') return failed(`exit_${now.exitCode}`);
  // An old failure can hide a new one: high risk does not take that chance (E-183).
  if (highRisk) return failed('failing_as_before_high_risk');
  if (now.exitCode !== baseline.exitCode) return failed(`exit_${now.exitCode}`);
  if (now.testsFailed === null || baseline.testsFailed === null) return passed('failing_as_before_uncounted');
  return now.testsFailed <= baseline.testsFailed ? passed('failing_as_before') : failed('more_failures');
}

/** What the tests say of the base before anything is spent; a reason to pause is `pause`. */
export function judgeBaseline(result: TestResult): { readonly baseline: Baseline; readonly pause: string | null; readonly reason: string } {
  const { ended, exitCode, testsRun, testsFailed } = result;
  const baseline: Baseline = { status: exitCode === 0 ? 'passed' : 'failed', exitCode, testsRun, testsFailed };
  if (ended !== 'exited') return { baseline, pause: ended, reason: ended };
  if (testsRun === 0) return { baseline, pause: 'zero_tests', reason: 'zero_tests' };
  // 126, 127: the command is not there; 2 and above without a counted test: it never came to run one.
  if (exitCode !== 0 && exitCode !== 1 && testsRun === null) return { baseline, pause: 'collection_error', reason: `exit_${exitCode}` };
  return { baseline, pause: null, reason: exitCode === 0 ? 'exit_0' : 'failing_before' };
}
