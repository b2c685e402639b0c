// Bench world
// ===========
// The step that is measured: a chart asks for a trivial effect, its result of 400 B is parsed, stepped, sealed with a fact
// and durable before the chart's next wish is performed. The drive loop, the log and the stores are the real ones.

import { assign, setup } from 'xstate';
import { z } from 'zod';
import { unchanged } from '#src/events/inputs.ts';
import { systemClock } from '#src/adapters/clock/clock.ts';
import { drive, type DriveDeps, type EffectRules } from '#src/kernel/drive.ts';
import { chartEngine } from '#src/kernel/engine.ts';
import { driveGroup } from '#src/kernel/group.ts';
import { first, next, toStored, type Made } from '#src/kernel/log.ts';
import { resume, snapshotOf } from '#src/kernel/snapshot.ts';
import type { System } from '#src/kernel/step.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore, NewEvent } from '#src/ports/event-store.ts';
import type { Snapshots } from '#src/ports/snapshots.ts';
import { streamOf, type InputEvent } from '#src/record/record.ts';

export const PAYLOAD_BYTES = 400;

interface BenchContext {
  readonly open: Readonly<Record<string, string>>;
  readonly counter: number;
  readonly left: number;
  readonly bytes: number;
  readonly lives: number;
}
export type BenchEvent = { readonly type: 'run.started' | 'run.resumed'; readonly at: number } | { readonly type: 'work.done'; readonly at: number; readonly cause: string; readonly payload: string };

const nextId = ({ counter }: BenchContext): string => `run/${counter + 1}`;
const silent = (_action: unknown, _params: Record<string, unknown>): void => {};

export const benchChart = setup({
  types: { context: {} as BenchContext, events: {} as BenchEvent, input: {} as { steps: number } },
  actions: {
    work: silent,
    'work.counted': silent,
    open: assign(({ context }) => ({ counter: context.counter + 1, open: { [nextId(context)]: 'work' } })),
    take: assign(({ context, event }) => (event.type === 'work.done' ? { open: {}, left: context.left - 1, bytes: context.bytes + event.payload.length } : {})),
    live: assign(({ context }) => ({ lives: context.lives + 1 })),
  },
  guards: { isLast: ({ context }) => context.left === 1 },
}).createMachine({
  id: 'run',
  version: '1',
  options: { maxIterations: 100 },
  initial: 'REQUESTED',
  context: ({ input }) => ({ open: {}, counter: 0, left: input.steps, bytes: 0, lives: 1 }),
  states: {
    REQUESTED: { on: { 'run.started': 'WORKING' } },
    WORKING: {
      entry: [{ type: 'work', params: ({ context }: { context: BenchContext }) => ({ id: nextId(context) }) }, 'open'],
      on: {
        'run.resumed': { actions: ['live'] },
        'work.done': [
          { guard: 'isLast', target: 'DONE', actions: ['take'] },
          { target: 'WORKING', reenter: true, actions: ['take', { type: 'work.counted', params: ({ context }: { context: BenchContext }) => ({ left: context.left }) }] },
        ],
      },
    },
    DONE: { type: 'final' },
  },
});

const vocabulary = { effects: new Set(['work']), facts: new Set(['work.counted']), message: 'tell' };
const engine = chartEngine(benchChart, vocabulary, { steps: 1 });
export const benchSystem: System = { vocabulary, actors: (data) => [{ address: 'run', engine, input: { steps: Number(data['steps']) } }] };

const rules: EffectRules = { isTimer: () => false, deadline: () => ({ at: 0, absolute: true }), isPassive: () => false, isPaid: () => false, late: () => null };
const WorkDone = z.strictObject({ payload: z.string().max(PAYLOAD_BYTES) });

/** What comes back from outside: the text of a result whose data takes 400 B; no two are equal. */
function answerOf(id: string): string {
  const [head, tail] = ['{"payload":"', '"}'];
  const data = `${head}${`${id} `.padEnd(PAYLOAD_BYTES - head.length - tail.length, 'the quick brown fox jumps over the lazy dog ')}${tail}`;
  return `{"type":"work.done","v":1,"data":${data}}`;
}

export interface BenchStore {
  readonly events: EventStore;
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
}

const NONCE = '00000000-0000-4000-8000-000000000000';
const resultOf = (id: string): InputEvent => JSON.parse(answerOf(id)) as InputEvent;
const depsOf = ({ events, blobs }: BenchStore): DriveDeps => ({
  store: events, blobs, clock: systemClock, systemFor: () => benchSystem, rules, nonce: NONCE, concurrency: 4, stepsMax: 10_000_000, wait: false,
  perform: ({ open }) => Promise.resolve(resultOf(open.effect.id)),
  check: (_effect, { data }) => void WorkDone.parse(data),
  stop: new AbortController().signal, resume: unchanged, onRecord: () => {},
});
const request = (run: string, steps: number): Made => first(run, systemClock.now(), { type: 'run.requested', v: 1, data: { steps } }, benchSystem);

/** Drives runs of `steps` steps together to their ends. @returns milliseconds from their take-over on. */
export async function driveRuns(store: BenchStore, runs: readonly string[], steps: number): Promise<number> {
  await Promise.all(runs.map((run) => store.events.append(streamOf(run), -1, [toStored(request(run, steps).sealed, NONCE)])));
  const start = performance.now();
  const fates = await driveGroup(runs, () => depsOf(store));
  const took = performance.now() - start;
  for (const fate of fates) if (!('driven' in fate) || fate.driven.end !== 'done') throw new Error(`${fate.run} did not end`, { cause: fate });
  return took;
}

/** What a run of `steps` steps records: record 0, its take-over, then one for each answer. */
function* made(run: string, steps: number): Generator<Made, void> {
  let last = request(run, steps);
  yield last;
  for (;;) {
    const [asked] = last.head.state.open.keys();
    const isNew = last.head.seq === 0;
    if (asked === undefined && !isNew) return;
    const event: InputEvent = asked === undefined ? taken(1) : { ...resultOf(asked), cause: asked };
    last = next(last.head, { to: 'run', at: last.head.at, event });
    yield last;
  }
}

const taken = (epoch: number): InputEvent => (epoch === 1 ? { type: 'run.started', v: 1, data: { epoch } } : { type: 'run.resumed', v: 1, data: { epoch, downMs: 0 } });
const storedRecord = ({ sealed }: Made): NewEvent => toStored(sealed, NONCE);

/** Its records as a store takes them, one after another. */
export const recordsOf = (run: string, steps: number): NewEvent[] => [...made(run, steps)].map(storedRecord);

/** Of a run that is taken over so many times: each of these records is an alert. */
export function takeovers(run: string, times: number): NewEvent[] {
  const all = [request(run, 1)];
  for (let epoch = 1; epoch <= times + 1; epoch += 1) {
    const { head } = all.at(-1) as Made;
    all.push(next(head, { to: 'run', at: head.at, event: taken(epoch) }));
  }
  return all.map(storedRecord);
}

const BATCH = 1000;

/** Writes a run of `records` records as its holder would have, with a snapshot in the last of them, as if it were stopped. */
export async function layDown({ events, snapshots }: BenchStore, run: string, { records, behind }: { records: number; behind: number }): Promise<void> {
  let origin = '';
  let batch: NewEvent[] = [];
  for (const each of made(run, 2 * records)) {
    const { head } = each;
    if (head.seq === 0) origin = head.hash;
    batch.push(storedRecord(each));
    if (head.seq === records - 1 - behind) await snapshots.keep(run, snapshotOf(head, origin, { views: 0 }));
    const isLast = head.seq === records - 1;
    if (batch.length < BATCH && !isLast) continue;
    await events.append(streamOf(run), head.seq - batch.length, batch);
    if (isLast) return;
    batch = [];
  }
}

/** Takes a run up from its snapshot; ends after its first step. @throws when the snapshot was not believed. */
export async function resumeRun(store: BenchStore, run: string): Promise<void> {
  const tell = (why: string): never => {
    throw new Error(`the snapshot was not believed: ${why}`);
  };
  const { head, views } = await resume({ store: store.events, snapshots: store.snapshots, systemFor: () => benchSystem, tell }, run);
  if (views === null) tell('there is none');
  const stop = new AbortController();
  const { end } = await drive(run, { ...depsOf(store), stop: stop.signal, onRecord: ({ event }) => event.type === 'work.done' && stop.abort() }, head);
  if (end !== 'interrupted') throw new Error(`the run ended ${end}`);
}
