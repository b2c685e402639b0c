// show
// ====
// What happened to a run or to one of its phases, why, where the evidence is and what to do next: on one screen, from the
// log alone.

import { recordsOf, unknownPhase } from '#src/app/commands.ts';
import { resultOutcome } from '#src/app/exit.ts';
import { cut } from '#src/domain/text.ts';
import { usd } from '#src/domain/cost.ts';
import { runFolder, views, type Views } from '#projections/files.ts';
import { project } from '#projections/projection.ts';
import { story, type AttemptStory, type PhaseStory, type Sentence } from '#projections/story.ts';
import type { PhaseView, RunView } from '#projections/run-view.ts';
import { phaseAdvice, runAdvice } from './advice.ts';
import { withStore, type Context } from './context.ts';
import { tokens } from './progress.ts';
import { branchOf, standing, table } from './report.ts';
import type { Output } from './streams.ts';

/** One screen. */
export const LINES_MAX = 40;
const WIDTH_MAX = 160;

export const showCommand = (context: Context, run: string, phase: string | undefined): Promise<number> =>
  withStore(context, async (store) => {
    const { output } = context;
    const records = await recordsOf(store, run);
    const [told, all] = [project(story, records), project(views, records)];
    if (phase === undefined) {
      if (output.json) output.emit({ v: 1, type: 'run.story', run, outcome: resultOutcome(all.run), reason: all.run.pause?.reason ?? all.run.reason, alerts: all.run.alerts, phases: told.phases, next: runAdvice(all.run) });
      const isHeld = (await store.holders.holder(run)) !== null;
      for (const line of runLines(output, { ...all, isHeld }, told.phases)) output.print(line);
      return 0;
    }
    const [view, of] = [all.run.phases.find(({ phase_id }) => phase_id === phase), told.phases.find(({ phase_id }) => phase_id === phase)];
    if (view === undefined || of === undefined) throw unknownPhase(run, phase, all.run.phases);
    if (output.json) output.emit({ v: 1, type: 'phase.story', run, ...of, state: view.state, outcome: view.outcome, reason: view.reason, commit: view.commit, proof: proofOf(all, phase), next: phaseAdvice(all.run, view, of) });
    for (const line of phaseLines(output, all, { view, told: of })) output.print(line);
    return 0;
  });

const proofOf = ({ proofs }: Views, phase: string) => proofs.proofs.find(({ phase_id }) => phase_id === phase) ?? null;

/** A long text of a model is cut; the whole stands in the log. */
function short(text: string, max = WIDTH_MAX): string {
  const line = text.replace(/\s+/g, ' ');
  return line.length > max ? `${cut(line, max - 1)}…` : line;
}

const stateOf = (output: Output, { outcome, state }: PhaseView): string => {
  const word = outcome ?? state;
  return output.style(outcome === 'COMPLETE' || outcome === 'SKIPPED' ? 'green' : outcome === null ? 'cyan' : 'red', word);
};

const advised = (output: Output, lines: readonly string[]): string[] => lines.map((line, i) => `${output.style('bold', i === 0 ? 'next:' : '     ')} ${line}`);

// A run

/** Those that need a look come first where not all fit. */
const URGENCY = ['FAILED', null, 'BLOCKED', 'STOPPED', 'SKIPPED', 'COMPLETE'] as const;

export function runLines(output: Output, { run: view, isHeld = false }: Views & { readonly isHeld?: boolean }, told: readonly PhaseStory[]): string[] {
  const { style } = output;
  const { word, reason } = standing(view, isHeld);
  const head = [
    `${style('bold', view.run)} ${word}${reason === null ? '' : `: ${short(reason)}`}`,
    style('dim', `${view.head.seq + 1} records from ${new Date(view.createdAt).toISOString()} to ${new Date(view.at).toISOString()} · ${tokens(view.inputTokens + view.outputTokens)} of ${tokens(view.tokenCap)} tokens · ${usd(view.costMicroUsd)}`),
    ...(view.commit === null || view.commit === view.base ? [] : [style('dim', `branch ${branchOf(view.run)} at ${view.commit.slice(0, 12)}, base ${view.base?.slice(0, 12) ?? 'unknown'}`)]),
    '',
  ];
  const alerts = view.alerts.slice(-4).map((alert) => style('yellow', short(alert)));
  const asked = view.questions.slice(0, 3).map(({ question }) => style('magenta', short(question)));
  const next = advised(output, runAdvice(view).slice(0, 6));
  const tail = ['', ...alerts, ...asked, ...next];
  return [...head, ...phaseRows(output, view, { told, max: LINES_MAX - head.length - tail.length - 1 }), ...tail];
}

function phaseRows(output: Output, { run, phases }: RunView, { told, max }: { told: readonly PhaseStory[]; max: number }): string[] {
  const urgent = [...phases].sort((a, b) => URGENCY.indexOf(a.outcome) - URGENCY.indexOf(b.outcome));
  const shown = new Set((phases.length <= max ? phases : urgent.slice(0, max - 1)).map(({ phase_id }) => phase_id));
  const kept = phases.filter(({ phase_id }) => shown.has(phase_id));
  const rows = kept.map((phase) => [phase.phase_id, phase.outcome ?? phase.state, String(phase.attempts), tokens(phase.inputTokens + phase.outputTokens), usd(phase.costMicroUsd), whyOf(phase, told)]);
  const [header = '', ...lines] = table([['phase', 'state', 'tries', 'tokens', 'cost', 'why'], ...rows]);
  const rest = phases.length - kept.length;
  return [output.style('bold', header), ...lines.map((line) => cut(line, WIDTH_MAX)), ...(rest === 0 ? [] : [output.style('dim', `… ${rest} more: autopack status ${run}`)])];
}

/** What is not done says what was found wrong last, beside the decision. */
function whyOf({ phase_id, outcome, reason }: PhaseView, told: readonly PhaseStory[]): string {
  if (outcome === 'COMPLETE') return reason ?? '';
  const wrong = told.find((phase) => phase.phase_id === phase_id)?.attempts.flatMap(({ sentences }) => sentences).findLast(({ kind }) => kind === 'bad');
  return [reason, outcome === 'BLOCKED' || outcome === 'SKIPPED' ? null : (wrong?.text ?? null)].filter((text) => text !== null).join(' · ');
}

// A phase

interface Shown {
  readonly view: PhaseView;
  readonly told: PhaseStory;
}

export function phaseLines(output: Output, all: Views, { view, told }: Shown): string[] {
  const { style } = output;
  const place = told.first === null ? 'no record yet' : `records ${told.first} to ${told.last}`;
  const head = [
    `${style('bold', `${view.phase_id}: ${short(view.name, 80)}`)} ${stateOf(output, view)}${view.reason === null ? '' : `: ${short(view.reason)}`}`,
    style('dim', [`tier ${view.tier_id}`, `category ${view.category}`, `${view.attempts} attempts`, `${tokens(view.inputTokens + view.outputTokens)} tokens`, usd(view.costMicroUsd), place].join(' · ')),
    ...(told.dependencies.length === 0 ? [] : [style('dim', short(`needs ${told.dependencies.map((id) => `${id} (${stateWord(all, id)})`).join(', ')}`))]),
    '',
  ];
  const tail = ['', ...evidence(output, all, { view, told }), ...advised(output, phaseAdvice(all.run, view, told).slice(0, 4))];
  return [...head, ...attemptLines(output, told.attempts, LINES_MAX - head.length - tail.length), ...tail];
}

const stateWord = ({ run }: Views, id: string): string => {
  const phase = run.phases.find(({ phase_id }) => phase_id === id);
  return phase?.outcome ?? phase?.state ?? 'unknown';
};

const MARKS = { did: ' ', bad: '×', decided: '→' } as const;

function sentenceLine(output: Output, { kind, text, seq }: Sentence): string {
  const line = `  ${MARKS[kind]} ${short(text, WIDTH_MAX - 12)}`;
  return `${kind === 'bad' ? output.style('yellow', line) : kind === 'decided' ? output.style('cyan', line) : line} ${output.style('dim', `@${seq}`)}`;
}

/** The last attempt whole, of the others what was wrong and what was decided; where that is too much, one line each, then a count. */
function attemptLines(output: Output, attempts: readonly AttemptStory[], max: number): string[] {
  if (attempts.length === 0) return [output.style('dim', 'it waits for its turn')];
  const whole = attempts.flatMap((attempt) => inFull(output, attempt));
  if (whole.length <= max) return whole;
  const last = inFull(output, attempts.at(-1) as AttemptStory);
  const kept = last.length <= max - 2 ? last : [...last.slice(0, 1), output.style('dim', `    … ${last.length - (max - 3)} more`), ...last.slice(-(max - 4))];
  const room = max - kept.length;
  const others = attempts.slice(0, -1);
  const middle = others.flatMap((attempt) => [title(output, attempt), ...attempt.sentences.filter(({ kind }) => kind !== 'did').map((sentence) => sentenceLine(output, sentence))]);
  if (middle.length <= room) return [...middle, ...kept];
  const brief = others.map((attempt) => short(`attempt ${attempt.attempt}: ${attempt.sentences.filter(({ kind }) => kind !== 'did').map(({ text }) => text).join(' → ')}`));
  return [...(brief.length <= room ? brief : [output.style('dim', `… ${brief.length - (room - 1)} earlier attempts`), ...brief.slice(brief.length - (room - 1))]), ...kept];
}

const title = (output: Output, { attempt, model, seq }: AttemptStory): string => (attempt === 0 ? output.style('bold', 'before the first attempt') : `${output.style('bold', `attempt ${attempt}`)} with ${model ?? 'no model'} ${output.style('dim', `@${seq}`)}`);
const inFull = (output: Output, attempt: AttemptStory): string[] => [title(output, attempt), ...attempt.sentences.map((sentence) => sentenceLine(output, sentence))];

function evidence(output: Output, all: Views, { view, told }: Shown): string[] {
  const proof = proofOf(all, view.phase_id);
  const row = (name: string, text: string | null): string[] => (text === null ? [] : [`${output.style('dim', name.padEnd(6))} ${short(text)}`]);
  return [
    ...row('checks', proof?.verification.verification_summary ?? null),
    ...row('diff', told.diff),
    ...row('output', told.output),
    ...row('commit', view.commit),
    ...row('proof', proof === null ? null : `.autonomous_runs/${runFolder(all.run.project, all.run.run)}/proofs/${view.phase_id}.md`),
    ...row('log', told.first === null ? null : `autopack log ${all.run.run} --phase ${view.phase_id}`),
  ];
}
