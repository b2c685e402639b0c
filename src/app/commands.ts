// Commands
// ========
// What may be asked of runs from outside, each a function: the CLI parses and prints, these do.

import { randomUUID } from 'node:crypto';
import { ExecutorError, reject, type Rejection } from '#src/errors/errors.ts';
import { fold, fromStored, readRecords, unknownRun, type Divergence, type Head } from '#src/kernel/log.ts';
import { submit } from '#src/kernel/submit.ts';
import { project } from '#projections/projection.ts';
import { runView, type RunView } from '#projections/run-view.ts';
import { streamOf, type InputEvent, type RunRecord } from '#src/record/record.ts';
import { Ref } from '#src/record/ref.ts';
import { commitId } from '#src/domain/commit-id.ts';
import { commitMessage } from '#src/domain/commit-message.ts';
import type { EffectParams } from '#src/events/effects.ts';
import type { InputData } from '#src/events/inputs.ts';
import type { Machine, Store } from './machine.ts';
import { systemFor } from './pins.ts';

const deps = (machine: Machine, store: Store) => ({ store: store.events, clock: machine.clock, systemFor, nonce: randomUUID() });

/** Every run of the store, the newest last. */
export async function listRuns(store: Store): Promise<RunView[]> {
  const first = await store.events.readAll({ types: ['run.requested'] });
  return Promise.all(first.map(async ({ stream }) => viewOf(store, stream.slice('run-'.length))));
}

export async function recordsOf(store: Store, run: string): Promise<RunRecord[]> {
  const records = await readRecords(store.events, run);
  if (records.length === 0) throw unknownRun(run);
  return records;
}

/** What record 0 asks for. @throws ExecutorError `run.unknown` */
export async function requestedOf({ events }: Store, run: string): Promise<InputData<'run.requested'>> {
  const [stored] = await events.read(streamOf(run), { limit: 1 });
  if (stored === undefined) throw unknownRun(run);
  return fromStored(run, stored).event.data as unknown as InputData<'run.requested'>;
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
  const records = run === '' ? [] : await readRecords(store.events, run);
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

export interface Verified {
  readonly run: string;
  readonly records: number;
  readonly head: Head | null;
  readonly divergence: Divergence | null;
}

/** Recomputes every record of a run, and every commit id, from the log alone. */
export async function verify(store: Store, run: string): Promise<Verified> {
  const stored = await store.events.read(`run-${run}`);
  if (stored.length === 0) throw unknownRun(run);
  const records = stored.map((event) => fromStored(run, event));
  let format: 'sha1' | 'sha256' = 'sha1';
  const commits = new Map<string, { readonly expected: string }>();
  const wrong: Divergence[] = [];
  const { head, divergence } = fold(records, systemFor, null, (record) => {
    if (record.event.type === 'workspace.prepared') format = (record.event.data as InputData<'workspace.prepared'>).objectFormat;
    for (const effect of record.effects) {
      if (effect.type === 'writeCommit') commits.set(effect.id, { expected: expectedCommit(records, record, effect.params as EffectParams<'writeCommit'>, format) });
    }
    const expected = commits.get(record.event.cause ?? '')?.expected;
    const actual = record.event.data['commit'];
    if (record.event.type === 'commit.written' && expected !== actual) wrong.push({ seq: record.seq, what: 'input', expected, actual });
  });
  if (divergence === null) await verifyBlobs(store, records);
  const first = [divergence, ...wrong].filter((found) => found !== null).sort((a, b) => a.seq - b.seq)[0] ?? null;
  return { run, records: records.length, head, divergence: first };
}

/** @throws ExecutorError `blob.missing` naming the first record whose body is not there or is damaged. */
async function verifyBlobs({ blobs }: Store, records: readonly RunRecord[]): Promise<void> {
  const checked = new Set<string>();
  for (const record of records) {
    for (const ref of refsIn(record)) {
      if (checked.has(ref.ref)) continue;
      checked.add(ref.ref);
      await blobs.get(ref).catch((cause: unknown) => {
        throw new ExecutorError('blob.missing', `record ${record.run}@${record.seq} names ${ref.ref}, which is missing or damaged`, { cause });
      });
    }
  }
}

/** Every reference in a value, at any depth. */
function refsIn(value: unknown): Ref[] {
  if (value === null || typeof value !== 'object') return [];
  const parsed = Ref.safeParse(value);
  return parsed.success ? [parsed.data] : Object.values(value).flatMap(refsIn);
}

/** A commit's id follows from tree, parent and message, all of which stand in the log. */
function expectedCommit(records: readonly RunRecord[], { run, seq, at }: RunRecord, { phase, tree, parent }: EffectParams<'writeCommit'>, format: 'sha1' | 'sha256'): string {
  const plan = (records[0]?.event.data as InputData<'run.requested'>).plan;
  const name = plan.phases.find(({ phase_id }) => phase_id === phase)?.name ?? '';
  return commitId({ tree, parent, message: commitMessage({ run, phase, name, seq }), atSeconds: Math.floor(at / 1000) }, format);
}

