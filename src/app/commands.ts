// Commands
// ========
// What may be asked of runs from outside, each a function: the CLI parses and prints, these do.

import { randomUUID } from 'node:crypto';
import { ExecutorError, reject, type Rejection } from '#src/errors/errors.ts';
import { beginning, readHistory, unknownRun } from '#src/kernel/history.ts';
import { submit } from '#src/kernel/submit.ts';
import { project } from '#projections/projection.ts';
import { runView, type RunView } from '#projections/run-view.ts';
import { RUN_FORKED, type InputEvent, type RunRecord } from '#src/record/record.ts';
import type { EffectParams } from '#src/events/effects.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Machine, Store } from './machine.ts';
import { systemFor } from './pins.ts';

const deps = (machine: Machine, store: Store) => ({ store: store.events, clock: machine.clock, systemFor, nonce: randomUUID() });

/** Every run of the store, the newest last. */
export async function listRuns(store: Store): Promise<RunView[]> {
  const first = await store.events.readAll({ types: ['run.requested', RUN_FORKED] });
  return Promise.all(first.map(async ({ stream }) => viewOf(store, stream.slice('run-'.length))));
}

/** The whole past of a run, a fork's ancestors included. @throws ExecutorError `run.unknown` */
export async function recordsOf(store: Store, run: string): Promise<RunRecord[]> {
  const records = await readHistory(store.events, run);
  if (records.length === 0) throw unknownRun(run);
  return records;
}

/** What the run, or the eldest of its ancestors, was asked to do. @throws ExecutorError `run.unknown` */
export async function requestedOf({ events }: Store, run: string): Promise<InputData<'run.requested'>> {
  return (await beginning(events, run)).event.data as unknown as InputData<'run.requested'>;
}

export const viewOf = async (store: Store, run: string): Promise<RunView> => project(runView, await recordsOf(store, run));

export async function cancel(machine: Machine, store: Store, run: string, reason: string): Promise<RunRecord | Rejection> {
  if ((await store.events.read(`run-${run}`, { limit: 1 })).length === 0) throw unknownRun(run);
  return submit(deps(machine, store), run, 'run', { type: 'run.cancel_requested', v: 1, data: { reason } });
}

export interface Answer {
  readonly question: string;
  /** Null: the first that is offered and is not a rejection. */
  readonly option: string | null;
  readonly note: string;
}

/** The first answer in the log wins; the same answer again is accepted without a record. */
export async function answer(machine: Machine, store: Store, { question, option, note }: Answer): Promise<{ run: string; option: string } | Rejection> {
  const [, run = '', phase = '', number = ''] = /^([^/]+)\/([^/]+)\/(\d+)$/.exec(question) ?? [];
  const effect = `phase:${phase}/${number}`;
  const records = run === '' ? [] : await readHistory(store.events, run);
  const asked = records.flatMap(({ effects }) => effects).find(({ id, type }) => id === effect && type === 'askHuman');
  if (asked === undefined) throw new ExecutorError('question.unknown', `there is no question ${question} in this store`, { hint: '`autopack status` lists what waits' });
  const { options } = asked.params as EffectParams<'askHuman'>;
  const chosen = option ?? options.find((known) => known !== 'reject') ?? '';
  if (!options.includes(chosen)) return reject('unknown_option', `${question} offers ${options.join(', ')}, not ${chosen}`);
  const given = records.find(({ event }) => event.cause === effect && event.type === 'question.answered');
  if (given !== undefined) return given.event.data['option'] === chosen ? { run, option: chosen } : reject('answered', `${question} was answered with ${String(given.event.data['option'])}`);
  const event: InputEvent = { type: 'question.answered', v: 1, data: { option: chosen, note, by: 'human' }, cause: effect };
  const outcome = await submit(deps(machine, store), run, `phase:${phase}`, event);
  return 'rejected' in outcome ? reject(outcome.code, `${question} is not open any more`) : { run, option: chosen };
}
