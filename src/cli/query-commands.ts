// status, log, approve, reject, cancel, rebuild, plan check
// =========================================================
// What asks of runs, and answers them, without performing anything.

import { access } from 'node:fs/promises';
import { gitWorkspace } from '#src/adapters/git/workspace.ts';
import { recollect } from '#src/app/beside.ts';
import { answer, cancel, listRuns, recordsOf, retry, skip, unknownPhase, viewOf } from '#src/app/commands.ts';
import type { Store } from '#src/app/machine.ts';
import { configuration, readPlan, refuse } from '#src/app/start.ts';
import { isSubmitted } from '#src/app/submission.ts';
import { writeViews } from '#src/app/views.ts';
import { nearest } from '#src/domain/nearest.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import { counted } from '#src/domain/text.ts';
import { effects } from '#src/events/effects.ts';
import { facts } from '#src/events/facts.ts';
import { inputs } from '#src/events/inputs.ts';
import { ownerOf } from '#src/kernel/step.ts';
import type { RunRecord } from '#src/record/record.ts';
import { noticeText } from '#src/yaml/located.ts';
import { usd } from '#src/domain/cost.ts';
import { views } from '#projections/files.ts';
import { project } from '#projections/projection.ts';
import { runView, type RunView } from '#projections/run-view.ts';
import { reportRejection, withRuns, withStore, type Context } from './context.ts';
import { tokens } from './progress.ts';
import { recordLines } from './records.ts';
import { runResult, summaryLines, table } from './report.ts';

export const statusCommand = (context: Context, run: string | undefined): Promise<number> =>
  withStore(context, async (store) => {
    const { output } = context;
    if (run !== undefined) {
      const view = await viewOf(store, run);
      const holder = await store.holders.holder(run);
      if (output.json) output.emit({ ...runResult(view), type: 'run.status', state: view.state, holder });
      for (const line of summaryLines(output, view, holder !== null)) output.print(line);
      if (holder !== null) output.print(`held by process ${holder.pid} on ${holder.host}, started ${holder.started}`);
      return 0;
    }
    const views = await listRuns(store);
    if (output.json) output.emit({ v: 1, type: 'runs', runs: views.map((view) => ({ ...runResult(view), type: 'run.status', state: view.state })) });
    const rows = views.map((view) => [view.run, view.outcome ?? view.state, `${view.phases.filter(({ outcome }) => outcome === 'COMPLETE').length}/${view.phases.length}`, tokens(view.inputTokens + view.outputTokens), usd(view.costMicroUsd), view.questions.map(({ id }) => id).join(' ')]);
    for (const line of rows.length === 0 ? ['no runs yet'] : table([['run', 'state', 'phases', 'tokens', 'cost', 'waits for'], ...rows])) output.print(line);
    return 0;
  });

export interface LogOptions {
  readonly run: string;
  readonly since: number;
  readonly phase?: string;
  readonly actor?: string;
  readonly type?: string;
}

export const logCommand = (context: Context, options: LogOptions): Promise<number> =>
  withStore(context, async (store) => {
    const { output } = context;
    const { run } = options;
    const records = await recordsOf(store, run);
    const isAsked = filterOf(options, project(runView, records));
    for (const record of records.filter((one) => one.run === run && isAsked(one))) {
      if (output.json) output.emit({ v: 1, type: 'record', runId: run, seq: record.seq, at: record.at, record });
      else for (const line of recordLines(output, record)) output.print(line);
    }
    return 0;
  });

/** A record is of an actor when it went to it, moved it or lets it speak; of a type when its input, a fact or an effect is. */
function filterOf({ run, since, phase, actor, type }: LogOptions, { phases }: RunView): (record: RunRecord) => boolean {
  if (phase !== undefined && phases.every(({ phase_id }) => phase_id !== phase)) throw unknownPhase(run, phase, phases);
  const actors = [...(phase === undefined ? [] : [`phase:${phase}`]), ...(actor === undefined ? [] : [actor])];
  const known = new Set(['kernel', 'run', ...phases.map(({ phase_id }) => `phase:${phase_id}`)]);
  if (actor !== undefined && !known.has(actor)) throw new ExecutorError('usage.invalid', `${run} has no actor ${actor}`, { hint: 'run, kernel or phase:ID' });
  if (type !== undefined && !TYPES.includes(type)) throw new ExecutorError('usage.invalid', `there is no type ${type}`, { hint: nearest(type, TYPES) === null ? 'docs/events.md lists inputs, facts and effects' : `did you mean ${nearest(type, TYPES)}?` });
  return ({ seq, to, event, moves, facts, effects }) => {
    const of = new Set([to, ...moves.map((move) => move.actor), ...facts.map((fact) => fact.actor), ...effects.map(({ id }) => ownerOf(id))]);
    return seq >= since && actors.every((name) => of.has(name)) && (type === undefined || [event, ...facts, ...effects].some((said) => said.type === type));
  };
}

const TYPES = [...Object.values(inputs).map((input) => input.type as string), ...Object.keys(facts), ...Object.keys(effects)];

export interface AnswerOptions {
  readonly question: string;
  readonly option: string | null;
  readonly comment: string;
}

export const answerCommand = (context: Context, { question, option, comment }: AnswerOptions): Promise<number> =>
  withRuns(context, async (store) => {
    const { machine, output } = context;
    const answered = await answer(machine, store, { question, option, note: comment });
    if ('rejected' in answered) return reportRejection(output, answered);
    if (output.json) output.emit({ v: 1, type: 'answer', question, ...answered });
    output.print(`${question}: ${answered.option}`);
    await goesOn(context, store, answered.run);
    return 0;
  });

/** What comes next: the process that holds the run takes the record up by itself. */
async function goesOn({ output }: Context, store: Store, run: string): Promise<void> {
  const live = await store.holders.holder(run);
  const next = (await isSubmitted(store, run)) ? 'the next free worker goes on with the run' : `go on with: autopack resume ${run}`;
  output.print(live === null ? next : `process ${live.pid} goes on with the run`);
}

export const retryCommand = (context: Context, asked: { run: string; phase: string; note: string }): Promise<number> =>
  withRuns(context, async (store) => {
    const { machine, output } = context;
    const granted = await retry(machine, store, asked);
    if ('rejected' in granted) return reportRejection(output, granted);
    if (output.json) output.emit({ v: 1, type: 'retry', run: asked.run, phase: asked.phase, ...granted });
    output.print(`${asked.phase} gets one more attempt`);
    await goesOn(context, store, asked.run);
    return 0;
  });

export const skipCommand = (context: Context, asked: { run: string; phase: string; reason: string }): Promise<number> =>
  withRuns(context, async (store) => {
    const { machine, output } = context;
    const skipped = await skip(machine, store, asked);
    if ('rejected' in skipped) return reportRejection(output, skipped);
    if (output.json) output.emit({ v: 1, type: 'skip', run: asked.run, phase: asked.phase, seq: skipped.seq });
    output.print(`${asked.phase} is left out; what depends on it goes on without it`);
    await goesOn(context, store, asked.run);
    return 0;
  });

/** A run that nobody holds is settled by the resume that this prints; `cancel` itself takes a free lock and settles. */
export async function cancelCommand(context: Context, run: string, settle: () => Promise<number>): Promise<number> {
  const { machine, output } = context;
  const live = await withRuns(context, async (store) => {
    const cancelled = await cancel(machine, store, run, 'cancelled by command');
    if ('rejected' in cancelled) return { rejected: cancelled };
    return { holder: await store.holders.holder(run), isSubmitted: await isSubmitted(store, run) };
  });
  if ('rejected' in live) return reportRejection(output, live.rejected);
  if (live.holder === null && !live.isSubmitted) {
    const code = await settle();
    return code === 3 ? 0 : code; // the run is over, as was asked
  }
  if (output.json) output.emit({ v: 1, type: 'cancel', run });
  output.print(live.holder === null ? `${run} is cancelled; the next free worker settles it` : `${run} is being cancelled by process ${live.holder.pid}`);
  return 0;
}

export const rebuildCommand = (context: Context, run: string, workspace: string | undefined): Promise<number> =>
  withStore(context, async (store) => {
    const { machine, output } = context;
    const records = await recordsOf(store, run);
    const folder = workspace ?? (await recollect(machine.home, run))?.workspace;
    if (folder === undefined) throw new ExecutorError('usage.invalid', `this machine does not know the repository of ${run}`, { hint: 'give it with -C' });
    await access(folder).catch(() => {
      throw new ExecutorError('workspace.unusable', `the repository of ${run} is not where it was`, { hint: 'give its folder with -C' });
    });
    const { root } = await gitWorkspace({ userRepo: folder, home: machine.home }).inspect(null);
    const built = await writeViews(root, project(views, records));
    if (output.json) output.emit({ v: 1, type: 'rebuild', run, files: built.files });
    output.print(`${built.files} files in ${built.folder}`);
    return 0;
  });

export async function planCheckCommand({ output, machine }: Context, file: string): Promise<number> {
  const parsed = await readPlan(file, await configuration(), { now: machine.clock.now(), root: null });
  if (output.json) output.emit({ v: 1, type: 'plan.check', ok: parsed.ok, problems: parsed.ok ? [] : parsed.problems, warnings: parsed.ok ? parsed.warnings : [] });
  if (output.json) return parsed.ok ? 0 : 2;
  refuse(parsed);
  if (!parsed.ok) return 2;
  for (const warning of parsed.warnings) output.warn(output.style('yellow', `warning: ${noticeText(warning)}`));
  output.print(`${file} is a plan: ${counted(parsed.plan.tiers.length, 'tier')}, ${counted(parsed.plan.phases.length, 'phase')}`);
  return 0;
}
