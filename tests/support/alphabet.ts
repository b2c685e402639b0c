// Alphabet
// ========
// Every event that an open id can be answered with, by its kind: what the world may do to a chart.

import type { ChartEvent } from '#src/kernel/engine.ts';

export const AT = 1_000_000;
const ref = (n: number, bytes = 10) => ({ ref: `sha256:${String(n).repeat(64).slice(0, 64)}`, bytes });
export const oid = (digit: string): string => digit.repeat(40);
const spent = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 7 };
const call = { model: 'm1', prompt: ref(1), answer: ref(2), ...spent };
const built = (digit: string, files: number) => ({
  tree: oid(digit), diff: ref(3, files === 0 ? 0 : 10), set: digit.repeat(64), changes: ref(4), created: 0, modified: files, deleted: 0, added: 1, removed: 2, keyChanges: [], risk: { criticalFiles: 0, dataFiles: 0, testFiles: 0, markers: 0 }, rung: 'strict', carried: null,
});
const tests = (exitCode: number) => ({ ended: 'exited', exitCode, testsRun: 3, testsFailed: exitCode, testsSkipped: 0, collectionErrors: 0, dialect: 'tap', reportMissing: false, report: ref(5), compared: null, comparison: null, againExitCode: null, weakened: 0, newTests: null, coverageBp: 8000, message: exitCode === 0 ? '' : 'expected 1 to equal 2, as everybody knows', output: ref(5), cut: false, sandbox: 'none' });
const issue = (severity: string) => ({ severity, category: 'logic', description: 'wrong', file: 'a.js', line: 1, suggestion: '' });
const failed = (code: string, retryable: boolean) => ['effect.failed', { code, message: 'm', retryable, retryAfterMs: 0, inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costMicroUsd: 0 }] as const;

type Answer = readonly [type: string, data: object];
const model: readonly Answer[] = [failed('http_5xx', true), failed('http_401', false), ['model.interrupted', {}]];
const local: readonly Answer[] = [failed('io_error', false)];

const verdicts = (type: string): readonly Answer[] => [
  [type, { ...call, verdict: { approved: true, issues: [issue('minor')], summary: 's' } }],
  [type, { ...call, verdict: { approved: false, issues: [issue('major')], summary: 's' } }],
  [type, { ...call, verdict: null }],
  ...model,
];

/** Results by slot of a running effect. */
export const results: Readonly<Record<string, readonly Answer[]>> = {
  context: [['context.assembled', { context: ref(6), manifest: ref(7), files: 1, omitted: 0, tokens: 100, mode: 'diff', modeReason: 'm', outputTokens: 8192 }], failed('context_too_large', false), ...local],
  builder: [
    ['builder.answered', { ...call, stopReason: 'end', continuable: false }],
    ['builder.answered', { ...call, outputTokens: 64_000, stopReason: 'end', continuable: false }],
    ['builder.answered', { ...call, stopReason: 'max_tokens', continuable: false }],
    ['builder.answered', { ...call, stopReason: 'max_tokens', continuable: true }],
    ['builder.answered', { ...call, stopReason: 'refusal', continuable: false }],
    failed('prompt_too_long', false),
    ...model,
  ],
  candidate: [
    ['candidate.built', built('a', 1)],
    ['candidate.built', built('b', 1)],
    ['candidate.built', built('c', 0)],
    ['candidate.refused', { kind: 'format', code: 'x', message: 'm', problems: ref(8) }],
    ['candidate.refused', { kind: 'apply', code: 'x', message: 'm', problems: ref(8) }],
    ['candidate.refused', { kind: 'truncated', code: 'x', message: 'm', problems: ref(8) }],
    ['candidate.refused', { kind: 'policy_refused', code: 'x', message: 'm', problems: ref(8) }],
    ...local,
  ],
  tests: [['tests.finished', tests(0)], ['tests.finished', tests(1)], ...local],
  auditor: verdicts('audit.answered'),
  auditor2: verdicts('audit.answered'),
  judge: verdicts('judge.answered'),
  planner: [['revision.answered', { ...call, description: ref(9), reason: 'r' }], ['revision.answered', { ...call, description: null, reason: 'r' }], ...model],
  commit: [['commit.written', { commit: oid('d') }], ...local],
  question: ['approve', 'again', 'reject'].map((option) => ['question.answered', { option, note: 'n', by: 'human' }] as const),
};

const baseline = { status: 'passed', exitCode: 0, testsRun: 3, testsFailed: 0, collectionErrors: 0, dialect: 'tap', report: ref(5), coverageBp: 8000 };

/** Everything that may answer one open id of a phase. @param kind `status:slot`. */
export function answersTo(id: string, kind: string): ChartEvent[] {
  const [status = '', slot = ''] = [kind.slice(0, kind.indexOf(':')), kind.slice(kind.indexOf(':') + 1)];
  const event = ([type, data]: Answer): ChartEvent => ({ ...data, type, at: AT, cause: id });
  switch (status) {
    case 'asked':
      return [['effect.granted', {}] as const, ['effect.parked', {}] as const, ...(slot === 'planner' ? [['effect.denied', { reason: 'replans_of_run' }] as const] : [])].map(event);
    case 'parked':
      return [event(['effect.granted', {}]), ...(slot === 'planner' ? [event(['effect.denied', { reason: 'replans_of_run' }])] : [])];
    case 'running':
      return (results[slot] ?? []).map(event);
    case 'timer':
      return [event(['timer.fired', {}])];
    case 'wait':
      return slot === 'start'
        ? [event(['phase.started', { head: oid('1'), baseline }]), event(['phase.blocked', { dependency: 'p0' }])]
        : [event(['turn.granted', { head: oid('1'), baseline }]), event(['turn.granted', { head: oid('2'), baseline }])];
    default:
      throw new Error(`unknown kind ${kind}`);
  }
}

/** Events that answer nothing and may come at any time. */
export const unasked = (): ChartEvent[] => [
  { type: 'time.shifted', at: AT, downMs: 5 } as ChartEvent,
  { type: 'phase.stopped', at: AT, reason: 'cancelled' } as ChartEvent,
  { type: 'phase.skip_requested', at: AT, reason: 'not wanted' } as ChartEvent,
];
