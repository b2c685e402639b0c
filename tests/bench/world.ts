// Bench world
// ===========
// The step that is measured: a chart asks for a trivial effect, its result of 400 B is parsed, stepped, sealed with a fact
// and durable before the chart's next wish is performed. The drive loop, the log and the stores are the real ones.

import { assign, setup } from 'xstate';
import { z } from 'zod';
import { systemClock } from '#src/adapters/clock/clock.ts';
import { drive, type DriveDeps, type EffectRules } from '#src/kernel/drive.ts';
import { chartEngine } from '#src/kernel/engine.ts';
import { first, toStored } from '#src/kernel/log.ts';
import type { System } from '#src/kernel/step.ts';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import { streamOf, type InputEvent } from '#src/record/record.ts';

export const PAYLOAD_BYTES = 400;

interface BenchContext {
  readonly open: Readonly<Record<string, string>>;
  readonly counter: number;
  readonly left: number;
  readonly bytes: number;
}
export type BenchEvent = { readonly type: 'run.started'; readonly at: number } | { readonly type: 'work.done'; readonly at: number; readonly cause: string; readonly payload: string };

const nextId = ({ counter }: BenchContext): string => `run/${counter + 1}`;
const silent = (_action: unknown, _params: Record<string, unknown>): void => {};

export const benchChart = setup({
  types: { context: {} as BenchContext, events: {} as BenchEvent, input: {} as { steps: number } },
  actions: {
    work: silent,
    'work.counted': silent,
    open: assign(({ context }) => ({ counter: context.counter + 1, open: { [nextId(context)]: 'work' } })),
    take: assign(({ context, event }) => (event.type === 'work.done' ? { open: {}, left: context.left - 1, bytes: context.bytes + event.payload.length } : {})),
  },
  guards: { isLast: ({ context }) => context.left === 1 },
}).createMachine({
  id: 'run',
  version: '1',
  options: { maxIterations: 100 },
  initial: 'REQUESTED',
  context: ({ input }) => ({ open: {}, counter: 0, left: input.steps, bytes: 0 }),
  states: {
    REQUESTED: { on: { 'run.started': 'WORKING' } },
    WORKING: {
      entry: [{ type: 'work', params: ({ context }: { context: BenchContext }) => ({ id: nextId(context) }) }, 'open'],
      on: {
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
}

/** Drives one run of `steps` steps to its end. @returns milliseconds from its take-over on. */
export async function driveRun({ events, blobs }: BenchStore, run: string, steps: number): Promise<number> {
  const { sealed } = first(run, systemClock.now(), { type: 'run.requested', v: 1, data: { steps } }, benchSystem);
  await events.append(streamOf(run), -1, [toStored(sealed, NONCE)]);
  const start = performance.now();
  const { end } = await drive(run, depsOf(events, blobs));
  if (end !== 'done') throw new Error(`the run ended ${end}`);
  return performance.now() - start;
}

const NONCE = '00000000-0000-4000-8000-000000000000';
const depsOf = (events: EventStore, blobs: Blobs): DriveDeps => ({
  store: events, blobs, clock: systemClock, systemFor: () => benchSystem, rules, nonce: NONCE, concurrency: 4, stepsMax: 10_000_000, wait: false,
  perform: ({ open }) => Promise.resolve(JSON.parse(answerOf(open.effect.id)) as InputEvent),
  check: ({ data }) => void WorkDone.parse(data),
  stop: new AbortController().signal, resume: { tokenCap: null, iterations: null }, onRecord: () => {},
});
