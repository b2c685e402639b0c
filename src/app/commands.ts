// Commands
// ========
// What may be asked of runs from outside, each a function: the CLI parses and prints, these do.

import { randomUUID } from 'node:crypto';
import { nearest } from '#src/domain/nearest.ts';
import { cut } from '#src/domain/text.ts';
import { ExecutorError, reject, type Rejection } from '#src/errors/errors.ts';
import { beginning, readHistory, unknownRun } from '#src/kernel/history.ts';
import { submit } from '#src/kernel/submit.ts';
import { project } from '#projections/projection.ts';
import { runView, type PhaseView, type RunView } from '#projections/run-view.ts';
import { streamOf, type InputEvent, type RunRecord } from '#src/record/record.ts';
import type { EffectParams } from '#src/events/effects.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Machine, Store } from './machine.ts';
import { systemFor } from './pins.ts';
import { runNames } from './start.ts';

/** What a command needs: whoever asks holds no run, and performs nothing. */
export type Clocked = Pick<Machine, 'clock'>;
export type Log = Pick<Store, 'events'>;

const deps = (machine: Clocked, store: Log) => ({ store: store.events, clock: machine.clock, systemFor, nonce: randomUUID() });

/** Every run of the store, the newest last. */
export async function listRuns(store: Log): Promise<RunView[]> {
  return Promise.all((await runNames(store)).map((run) => viewOf(store, run)));
}

/** The whole past of a run, a fork's ancestors included. @throws ExecutorError `run.unknown` */
export async function recordsOf(store: Log, run: string): Promise<RunRecord[]> {
  const records = await readHistory(store.events, run);
  if (records.length === 0) throw unknownRun(run);
  return records;
}

/** What the run, or the eldest of its ancestors, was asked to do. @throws ExecutorError `run.unknown` */
export async function requestedOf({ events }: Log, run: string): Promise<InputData<'run.requested'>> {
  return (await beginning(events, run)).event.data as unknown as InputData<'run.requested'>;
}

export const viewOf = async (store: Log, run: string): Promise<RunView> => project(runView, await recordsOf(store, run));

export async function cancel(machine: Clocked, store: Log, run: string, reason: string): Promise<RunRecord | Rejection> {
  if ((await store.events.read(streamOf(run), { limit: 1 })).length === 0) throw unknownRun(run);
  return submit(deps(machine, store), run, 'run', { type: 'run.cancel_requested', v: 1, data: { reason } });
}

/** The phase's view in its run. @throws ExecutorError `phase.unknown` | `run.unknown` */
async function phaseOf(store: Log, run: string, id: string): Promise<{ readonly view: RunView; readonly phase: PhaseView }> {
  const view = await viewOf(store, run);
  const phase = view.phases.find(({ phase_id }) => phase_id === id);
  if (phase === undefined) throw unknownPhase(run, id, view.phases);
  return { view, phase };
}

export function unknownPhase(run: string, phase: string, phases: readonly PhaseView[]): ExecutorError {
  const names = phases.map(({ phase_id }) => phase_id);
  const near = nearest(phase, names);
  return new ExecutorError('phase.unknown', `${run} has no phase ${phase}`, { hint: near === null ? `its phases: ${names.slice(0, 20).join(', ')}${names.length > 20 ? ', …' : ''}` : `did you mean ${near}?` });
}

/** Leaves a phase out. One that is over, or whose commit is being written, is not. */
export async function skip(machine: Clocked, store: Log, { run, phase: id, reason }: { run: string; phase: string; reason: string }): Promise<RunRecord | Rejection> {
  const { phase } = await phaseOf(store, run, id);
  if (phase.outcome !== null) return reject('phase_over', `${id} is over: ${phase.outcome}`);
  const outcome = await submit(deps(machine, store), run, `phase:${id}`, { type: 'phase.skip_requested', v: 1, data: { reason: cut(reason, 500) } });
  return 'rejected' in outcome ? reject(outcome.code, `${id} is being committed, or over by now: autopack show ${run} ${id}`) : outcome;
}

/** Grants a phase that waits for a human one more attempt, as far as its caps go: the answer `again` to its question. */
export async function retry(machine: Clocked, store: Log, { run, phase: id, note }: { run: string; phase: string; note: string }): Promise<{ readonly question: string } | Rejection> {
  const { view, phase } = await phaseOf(store, run, id);
  const asked = view.questions.find(({ phase_id }) => phase_id === id);
  if (asked === undefined) {
    if (phase.outcome !== null) return reject('phase_over', `${id} is over: ${phase.outcome}; another run goes on from before it: autopack show ${run} ${id}`);
    return reject('not_waiting', `${id} waits for nobody (${phase.state}): its next attempt begins by itself`);
  }
  if (!asked.options.includes('again')) return reject('no_attempt_left', `${id} has used every attempt that its caps allow: ${asked.options.join(' or ')}`);
  const answered = await answer(machine, store, { question: asked.id, option: 'again', note });
  return 'rejected' in answered ? answered : { question: asked.id };
}

export interface Answer {
  readonly question: string;
  /** Null: the first that is offered and is not a rejection. */
  readonly option: string | null;
  readonly note: string;
}

/** The first answer in the log wins; the same answer again is accepted without a record. */
export async function answer(machine: Clocked, store: Log, { question, option, note }: Answer): Promise<{ run: string; option: string } | Rejection> {
  const [, run = '', phase, number = ''] = /^([^/]+)\/(?:([^/]+)\/)?(\d+)$/.exec(question) ?? [];
  const asker = phase === undefined ? 'run' : `phase:${phase}`;
  const effect = `${asker}/${number}`;
  const records = run === '' ? [] : await readHistory(store.events, run);
  const asked = records.flatMap(({ effects }) => effects).find(({ id, type }) => id === effect && type === 'askHuman');
  if (asked === undefined) throw new ExecutorError('question.unknown', `there is no question ${question} in this store`, { hint: '`autopack status` lists what waits' });
  const { options } = asked.params as EffectParams<'askHuman'>;
  const chosen = option ?? options.find((known) => known !== 'reject') ?? '';
  if (!options.includes(chosen)) return reject('unknown_option', `${question} offers ${options.join(', ')}, not ${chosen}`);
  const given = records.find(({ event }) => event.cause === effect && event.type === 'question.answered');
  if (given !== undefined) return given.event.data['option'] === chosen ? { run, option: chosen } : reject('answered', `${question} was answered with ${String(given.event.data['option'])}`);
  const event: InputEvent = { type: 'question.answered', v: 1, data: { option: chosen, note, by: 'human' }, cause: effect };
  const outcome = await submit(deps(machine, store), run, asker, event);
  return 'rejected' in outcome ? reject(outcome.code, `${question} is not open any more`) : { run, option: chosen };
}
