// Progress
// ========
// What a person sees while a run goes on: one status line on a terminal, else one line a transition and a heartbeat.

import type { FactData, FactType } from '#src/events/facts.ts';
import type { Fact, RunRecord } from '#src/record/record.ts';
import { usd } from '#src/domain/cost.ts';
import type { PhaseView, RunView } from '#projections/run-view.ts';
import type { Output } from './streams.ts';

const HEARTBEAT_MS = 30_000;
const REDRAW_MS = 100;

export interface Progress {
  /** Shows a record and where the run stands after it. */
  see(record: RunRecord, after: RunView): void;
  stop(): void;
}

export function progressOn(output: Output, before: RunView): Progress {
  let view = before;
  const startedAt = performance.now();
  const beat = setInterval(() => heartbeat(output, view, startedAt), output.isTerminal ? REDRAW_MS * 5 : HEARTBEAT_MS);
  beat.unref();
  let drawnAt = 0;
  return {
    see(record, after) {
      view = after;
      if (output.json) output.emit({ v: 1, type: 'record', runId: record.run, seq: record.seq, at: record.at, record });
      else for (const line of linesOf(output, record, view)) output.say(line);
      if (performance.now() - drawnAt > REDRAW_MS) {
        drawnAt = performance.now();
        output.status(statusLine(view, startedAt));
      }
    },
    stop() {
      clearInterval(beat);
      output.status(null);
    },
  };
}

function heartbeat(output: Output, view: RunView, startedAt: number): void {
  if (output.isTerminal) output.status(statusLine(view, startedAt));
  else if (output.json) output.emit({ v: 1, type: 'heartbeat', runId: view.run, seq: view.head.seq, at: view.at });
  else output.say(statusLine(view, startedAt));
}

export const tokens = (n: number): string => (n < 10_000 ? String(n) : n < 1_000_000 ? `${Math.round(n / 1000)}k` : `${(n / 1_000_000).toFixed(1)}M`);

function statusLine(view: RunView, startedAt: number): string {
  const seconds = Math.floor((performance.now() - startedAt) / 1000);
  const clock = `${String(Math.floor(seconds / 60)).padStart(2, '0')}:${String(seconds % 60).padStart(2, '0')}`;
  const done = view.phases.filter(({ outcome }) => outcome !== null).length;
  const current = view.phases.find(({ state, outcome }) => outcome === null && state !== 'QUEUED');
  const phase = current === undefined ? view.state : `${current.phase_id} ${current.state} try ${current.attempts}`;
  return `[${done}/${view.phases.length}] ${phase} · ${tokens(view.inputTokens + view.outputTokens)} tok · ${usd(view.costMicroUsd)} · ${clock}`;
}

const JUDGED = new Set(['check.judged', 'audit.merged']);

/** What was found, then where it led, then what was decided, then where that leads: as it happened. */
function linesOf(output: Output, record: RunRecord, view: RunView): string[] {
  // Where both ends lie in one state, only the status line tells.
  const moves = record.moves.filter(({ actor, from, to }) => actor === 'run' || from.split('.')[0] !== to.split('.')[0]);
  const line = ({ actor, to }: RunRecord['moves'][number]): string => (actor === 'run' ? output.style('dim', `  run ${to}`) : phaseLine(output, actor.slice('phase:'.length), to, view));
  const isDecision = ({ to }: RunRecord['moves'][number]): boolean => to.startsWith('ESCALATING');
  return [
    ...record.facts.filter(({ type }) => JUDGED.has(type)).flatMap((fact) => factLines(output, fact)),
    ...moves.filter(isDecision).map(line),
    ...record.facts.filter(({ type }) => !JUDGED.has(type)).flatMap((fact) => factLines(output, fact)),
    ...moves.filter((move) => !isDecision(move)).map(line),
    ...questionLines(output, record, view),
  ];
}

function phaseLine(output: Output, id: string, to: string, view: RunView): string {
  const phase = view.phases.find(({ phase_id }) => phase_id === id);
  const number = view.phases.findIndex(({ phase_id }) => phase_id === id) + 1;
  const head = `[${number}/${view.phases.length}] ${id}`;
  if (to !== 'DONE') return `${head} ${output.style('cyan', to)}${to.startsWith('BUILDING') ? output.style('dim', ` try ${phase?.attempts ?? 0} with ${phase?.model ?? ''}`) : ''}`;
  return `${head} ${outcomeText(output, phase)}`;
}

function outcomeText(output: Output, phase: PhaseView | undefined): string {
  const outcome = phase?.outcome ?? 'DONE';
  const text = output.style(outcome === 'COMPLETE' ? 'green' : 'red', outcome);
  const commit = phase?.commit == null ? '' : ` ${phase.commit.slice(0, 12)}`;
  return `${text}${commit}${phase?.reason == null ? '' : output.style('dim', ` ${phase.reason}`)}`;
}

/** The decisions that a person wants to hear of, as they are made. */
function factLines(output: Output, { type, data }: Fact): string[] {
  const is = <T extends FactType>(wanted: T): FactData<T> | null => (type === wanted ? (data as FactData<T>) : null);
  const dim = (text: string): string[] => [output.style('dim', `      ${text}`)];
  const check = is('check.judged');
  if (check !== null) return dim(`tests ${check.passed ? 'pass' : 'fail'}: ${check.reason}${check.testsRun === null ? '' : `, ${check.testsRun} run`}`);
  const audit = is('audit.merged');
  if (audit !== null) return dim(`${audit.auditors === 1 ? 'the auditor' : `${audit.auditors} auditors`} ${audit.approved ? 'approve' : 'reject'}${audit.auditors === 1 ? 's' : ''}: ${audit.critical} critical, ${audit.major} major, ${audit.minor} minor`);
  const retry = is('retry.decided');
  if (retry !== null) return [output.style('yellow', `      ${retry.failure}: ${retry.message.slice(0, 160)}`), output.style('yellow', `      → ${retry.decision.replaceAll('_', ' ')}: ${retry.reason}`)];
  const limit = is('limit.raised');
  if (limit !== null) return dim(`output limit ${limit.from} → ${limit.to}`);
  const model = is('model.escalated');
  if (model !== null) return dim(`${model.from} → ${model.to}`);
  const plan = is('replan.accepted');
  if (plan !== null) return dim(`re-planned: ${plan.reason}`);
  const settled = is('question.settled');
  if (settled !== null) return dim(`${settled.by} chose ${settled.option}`);
  const paused = is('run.paused');
  if (paused !== null) return [output.style('red', `paused: ${paused.reason} ${paused.detail}`)];
  const refused = is('publish.refused');
  if (refused !== null) return [output.style('yellow', `the branch was left where it is: ${refused.reason}`)];
  return [];
}

function questionLines(output: Output, record: RunRecord, view: RunView): string[] {
  if (!record.effects.some(({ type }) => type === 'askHuman')) return [];
  return view.questions.flatMap(({ id, question, options, expires_at, default: byDefault }) => [
    output.style('magenta', `      ${question}`),
    output.style('magenta', `      autopack approve ${id}   (${options.join(', ')}; ${byDefault} at ${expires_at})`),
  ]);
}
