// Reports
// =======
// Views as tables and JSON documents.

import { exitOf, resultOutcome } from '#src/app/exit.ts';
import { usd } from '#src/domain/cost.ts';
import type { PhaseView, RunView } from '#projections/run-view.ts';
import { wayOut } from './advice.ts';
import { tokens } from './progress.ts';
import type { Output } from './streams.ts';

export const branchOf = (run: string): string => `autopack/run-${run}`;

/** The last line of `run --json` (formats.md). */
export function runResult(view: RunView, exit = exitOf(view)) {
  return {
    v: 1, type: 'run.result', run: view.run, runId: view.run, seq: view.head.seq, at: view.at, outcome: resultOutcome(view), reason: view.pause?.reason ?? view.reason, exit, head: view.head,
    branch: branchOf(view.run), commit: view.commit, tokens: { input: view.inputTokens, output: view.outputTokens }, costMicroUsd: view.costMicroUsd,
    phases: view.phases.map(phaseResult),
    questions: view.questions.map(({ id, phase_id, question, options, default: byDefault, expires_at }) => ({ id, phase_id, question, options, default: byDefault, expires_at })),
  };
}

function phaseResult({ phase_id, state, outcome, reason, attempts, commit, inputTokens, outputTokens, costMicroUsd }: PhaseView) {
  return { phase_id, state: state.split('.')[0], outcome, reason, attempts, commit, tokens: { input: inputTokens, output: outputTokens }, costMicroUsd };
}

export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_cell, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  return rows.map((row) => row.map((cell, column) => cell + ' '.repeat((widths[column] ?? 0) - [...cell].length)).join('  ').trimEnd());
}

export function phaseTable(output: Output, view: RunView): string[] {
  const rows = view.phases.map((phase, i) => [
    String(i + 1), phase.phase_id, phase.tier_id, phase.outcome ?? phase.state, String(phase.attempts), tokens(phase.inputTokens + phase.outputTokens), usd(phase.costMicroUsd), phase.commit?.slice(0, 12) ?? '',
  ]);
  const [head = '', ...lines] = table([['#', 'phase', 'tier', 'state', 'tries', 'tokens', 'cost', 'commit'], ...rows]);
  return [output.style('bold', head), ...lines];
}

/** Where a run is, for people: what it came to, or whether somebody is at it. */
export function standing(view: RunView, isHeld: boolean): { readonly word: string; readonly reason: string | null } {
  const reason = view.pause === null ? view.reason : `${view.pause.reason} ${view.pause.detail}`.trim();
  return { word: view.outcome === null && view.pause === null && isHeld ? 'RUNNING' : resultOutcome(view), reason };
}

/** @param isHeld whether an executor is at it now */
export function summaryLines(output: Output, view: RunView, isHeld = false): string[] {
  const { word, reason } = standing(view, isHeld);
  const status = `${word}${reason === null ? '' : `: ${reason}`}`;
  return [
    ...phaseTable(output, view),
    '',
    `${output.style('bold', view.run)} ${status} · ${tokens(view.inputTokens + view.outputTokens)} tokens · ${usd(view.costMicroUsd)} · ${view.head.seq + 1} records`,
    ...(view.commit === null || view.commit === view.base ? [] : [`branch ${branchOf(view.run)} at ${view.commit.slice(0, 12)}`]),
    ...view.warnings.map((warning) => output.style('yellow', `warning: ${warning}`)),
    ...view.questions.flatMap(({ id, question }) => [output.style('magenta', question), `  autopack approve ${id}`]),
    ...(isHeld ? [] : waysOut(view)),
  ];
}

function waysOut(view: RunView): string[] {
  const way = wayOut(view);
  if (way !== null) return [`way out: ${way}`];
  return view.questions.length > 0 ? [`then: autopack resume ${view.run}`] : [];
}
