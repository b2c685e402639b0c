// Files for people
// ================
// What stands in the run's folder, as text: a projection like every other, byte for byte the same when it is made
// again. Sources: A-290, A-291, A-360…A-364, E-216.

import { usd } from '#src/domain/cost.ts';
import { iso, type Projection } from './projection.ts';
import { proofMarkdown, proofs, type Proofs } from './proofs.ts';
import { runView, type PhaseView, type RunView } from './run-view.ts';
import { telemetry, type Sum, type Telemetry } from './telemetry.ts';

export interface Views {
  readonly run: RunView;
  readonly proofs: Proofs;
  readonly telemetry: Telemetry;
}

/** All that the files are made of, in one fold. */
export const views: Projection<Views> = {
  name: 'views',
  version: 100 * (100 * runView.version + proofs.version) + telemetry.version,
  initial: { run: runView.initial, proofs: proofs.initial, telemetry: telemetry.initial },
  apply: (state, record) => ({ run: runView.apply(state.run, record), proofs: proofs.apply(state.proofs, record), telemetry: telemetry.apply(state.telemetry, record) }),
};

export interface ViewFile {
  /** Relative to the run's folder. */
  readonly path: string;
  readonly text: string;
}

/** A-361: the run id up to a trailing date or number. */
export const familyOf = (run: string): string => /^(.+?)-(?:\d{8}-\d{6}|\d{10,})$/.exec(run)?.[1] ?? run;

/** Below `.autonomous_runs`; injective (A-363). */
export const runFolder = (project: string, run: string): string => `${project}/runs/${familyOf(run)}/${run}`;

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;
const two = (n: number): string => String(n).padStart(2, '0');
const thousands = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');

export function viewFiles({ run: view, proofs: made, telemetry: { calls: _calls, ...sums } }: Views): ViewFile[] {
  return [
    { path: 'run_summary.md', text: runSummary(view) },
    { path: 'state.json', text: json(view) },
    { path: 'telemetry.json', text: json(sums) },
    { path: 'telemetry.md', text: telemetryMarkdown(sums) },
    ...view.phases.map((phase, i) => ({ path: `phases/phase_${two(i + 1)}_${phase.phase_id}.md`, text: phaseSummary(phase) })),
    ...made.proofs.flatMap((proof) => [
      { path: `proofs/${proof.phase_id}.json`, text: json(proof) },
      { path: `proofs/${proof.phase_id}.md`, text: proofMarkdown(proof) },
    ]),
  ];
}

function runSummary(view: RunView): string {
  const count = (outcome: PhaseView['outcome']): number => view.phases.filter((phase) => phase.outcome === outcome).length;
  const row = ({ phase_id, tier_id, state, outcome, attempts, inputTokens, outputTokens, costMicroUsd, commit }: PhaseView): string =>
    `| ${phase_id} | ${tier_id} | ${outcome ?? state} | ${attempts} | ${thousands(inputTokens + outputTokens)} | ${usd(costMicroUsd)} | ${commit === null ? '' : commit.slice(0, 12)} |`;
  return `# Run ${view.run}

## Status
${view.outcome ?? view.state}${view.reason === null ? '' : `: ${view.reason}`}${view.pause === null ? '' : `: ${view.pause.reason} ${view.pause.detail}`}
Created ${iso(view.createdAt)}${view.outcome === null ? '' : `, completed ${iso(view.at)}`}
Base ${view.base ?? 'unknown'}, head ${view.commit ?? 'none'}

## Progress
${count('COMPLETE')} of ${view.phases.length} phases complete, ${count('FAILED')} failed, ${count('BLOCKED')} blocked

| phase | tier | state | attempts | tokens | cost | commit |
| --- | --- | --- | --- | --- | --- | --- |
${view.phases.map(row).join('\n')}

## Budgets
${thousands(view.inputTokens + view.outputTokens)} of ${thousands(view.tokenCap)} tokens, ${usd(view.costMicroUsd)}

## Issues
${[...view.warnings, ...view.alerts].map((line) => `- ${line}`).join('\n') || 'No issues'}
`;
}

function phaseSummary(phase: PhaseView): string {
  return `# ${phase.phase_id}: ${phase.name}

State ${phase.outcome ?? phase.state}${phase.reason === null ? '' : `: ${phase.reason}`}
Tier ${phase.tier_id}, category ${phase.category}, ${phase.attempts} attempts${phase.model === null ? '' : `, last builder ${phase.model}`}
${thousands(phase.inputTokens)} tokens in, ${thousands(phase.outputTokens)} out, ${usd(phase.costMicroUsd)}
${phase.commit === null ? 'No commit' : `Commit ${phase.commit}`}
`;
}

function telemetryMarkdown(sums: { byRole: readonly Sum[]; byModel: readonly Sum[]; byPhase: readonly Sum[] }): string {
  const table = (title: string, rows: readonly Sum[]): string =>
    `## By ${title}\n\n| ${title} | calls | tokens in | tokens out | cost |\n| --- | --- | --- | --- | --- |\n${rows.map(({ key, calls, inputTokens, outputTokens, costMicroUsd }) => `| ${key} | ${calls} | ${thousands(inputTokens)} | ${thousands(outputTokens)} | ${usd(costMicroUsd)} |`).join('\n')}\n`;
  return `# Telemetry\n\n${table('role', sums.byRole)}\n${table('model', sums.byModel)}\n${table('phase', sums.byPhase)}`;
}
