// One step over several actors, on charts made for it: who hears what in which order, and what is open afterwards.

import { describe, expect, test } from 'vitest';
import { assign, setup } from 'xstate';
import { InvariantError } from '#src/errors/errors.ts';
import { chartEngine } from '#src/kernel/engine.ts';
import { begin, step, type KernelState, type System } from '#src/kernel/step.ts';

const vocabulary = { message: 'tell', effects: new Set(['work']), facts: new Set(['heard']) };
interface Heard {
  readonly type: string;
  readonly at: number;
  readonly left?: number;
  readonly id?: string;
  readonly cause?: string;
}
type Tell = { readonly to: string; readonly type: string; readonly left?: number };
interface Context {
  readonly name: string;
  readonly open: Readonly<Record<string, string>>;
}
const silent = <P>() => ((): void => {}) as (_: unknown, params: P) => void;
const base = setup({
  types: {} as { context: Context; events: Heard; input: { name: string } },
  actions: { tell: silent<Tell | readonly Tell[]>(), heard: silent<{ by: string; what: string }>(), work: silent<{ id: string }>(), open: assign({ open: (_, { id }: { id: string }) => ({ [id]: 'work' }) }), close: assign({ open: {} }) },
});
const heard = { type: 'heard', params: ({ context, event }: { context: Context; event: Heard }) => ({ by: context.name, what: event.type }) } as const;
const tells = (...messages: readonly Tell[]) => ({ type: 'tell', params: () => messages }) as const;

/** Every actor tells what it hears as a fact, and passes on what its name says. */
const talker = base.createMachine({
  id: 'talker', version: '1', options: { maxIterations: 100 }, context: ({ input }) => ({ name: input.name, open: {} }), initial: 'on',
  states: {
    on: {
      on: {
        'talk.begun': { actions: [heard, tells({ to: 'b', type: 'b.first' }, { to: 'b', type: 'b.second' }, { to: 'c', type: 'c.third' })] },
        'b.first': { actions: [heard, tells({ to: 'c', type: 'c.fourth' })] },
        'b.second': { actions: heard },
        'c.third': { actions: [heard, tells({ to: 'a', type: 'a.fifth' })] },
        'c.fourth': { actions: heard },
        'a.fifth': { actions: heard },
        'count.down': { actions: { type: 'tell', params: ({ context, event }) => ((event.left ?? 0) > 0 ? [{ to: context.name === 'a' ? 'b' : 'a', type: 'count.down', left: (event.left ?? 0) - 1 }] : []) } },
      },
    },
  },
});

/** Asks for work under the id that it is told, and awaits it while it is busy. */
const worker = base.createMachine({
  id: 'worker', version: '1', options: { maxIterations: 100 }, context: ({ input }) => ({ name: input.name, open: {} }), initial: 'idle',
  states: {
    idle: {
      on: {
        'work.wanted': { target: 'busy', actions: [{ type: 'open', params: ({ event }) => ({ id: event.id ?? '' }) }, { type: 'work', params: ({ event }) => ({ id: event.id ?? '' }) }] },
        'work.wanted_unawaited': { actions: { type: 'work', params: ({ event }) => ({ id: event.id ?? '' }) } },
      },
    },
    busy: {
      on: {
        'work.done': { target: 'idle', actions: 'close' },
        'work.forgotten': { target: 'idle', actions: [heard] }, // its answer closes nothing: a bug
        'work.dropped': { target: 'idle', actions: 'close' },
      },
    },
  },
});

function systemOf(machine: typeof talker | typeof worker, names: readonly string[]): System {
  const engine = chartEngine(machine as typeof talker, vocabulary, { name: 'sample' });
  return { vocabulary, actors: () => names.map((address) => ({ address, engine, input: { name: address } })) };
}

const begun = (machine: typeof talker | typeof worker, ...names: string[]): KernelState => begin(systemOf(machine, names), {}).state;
const take = (state: KernelState, to: string, type: string, data: object = {}, cause?: string) => step(state, { to, at: 5, event: { type, v: 1, data: { ...data }, ...(cause === undefined ? {} : { cause }) } }, { run: 'r', seq: 1 });

describe('messages', () => {
  test('K2 what actors tell each other arrives within the step, first told, first heard', () => {
    const { facts, effects } = take(begun(talker, 'a', 'b', 'c'), 'a', 'talk.begun');
    expect(facts.map(({ actor, data }) => [actor, data['what']])).toEqual([['a', 'talk.begun'], ['b', 'b.first'], ['b', 'b.second'], ['c', 'c.third'], ['c', 'c.fourth'], ['a', 'a.fifth']]);
    expect(effects).toEqual([]);
  });

  test('K2 a thousand messages are delivered, one more is a bug that leaves the state as it was', () => {
    const state = begun(talker, 'a', 'b');
    expect(take(state, 'a', 'count.down', { left: 999 }).edges).toHaveLength(1000);
    expect(() => take(state, 'a', 'count.down', { left: 1000 })).toThrow(InvariantError);
    expect(take(state, 'a', 'count.down', { left: 0 }).edges).toHaveLength(1);
  });

  test('K3 a message to nobody, or one that its actor has no edge for, is a bug of ours', () => {
    const state = begun(talker, 'a', 'b');
    expect(() => take(state, 'a', 'talk.begun')).toThrow(/K3.*no actor c for c\.third/);
    expect(() => take(state, 'b', 'work.done')).toThrow(/K3.*b has no edge for work\.done/);
  });
});

describe('effects', () => {
  test('K9 an effect is open as long as its owner names it: after its answer, and after it is dropped, it is not', () => {
    const asked = take(begun(worker, 'w', 'v'), 'w', 'work.wanted', { id: 'w/1' });
    expect(asked.effects).toEqual([{ id: 'w/1', type: 'work', params: {} }]);
    expect([...asked.state.open]).toEqual([['w/1', expect.objectContaining({ owner: 'w', place: { run: 'r', seq: 1 }, at: 5, shiftMs: 0 })]]);
    const other = take(asked.state, 'v', 'work.wanted', { id: 'v/1' });
    expect([...other.state.open.keys()]).toEqual(['w/1', 'v/1']);
    expect([...take(other.state, 'w', 'work.done', {}, 'w/1').state.open.keys()]).toEqual(['v/1']);
    expect([...take(other.state, 'w', 'work.dropped').state.open.keys()]).toEqual(['v/1']);
  });

  test('K9 what is asked for and not awaited, asked for under a foreign id, or answered and still awaited, is told', () => {
    const state = begun(worker, 'w', 'v');
    const unawaited = take(state, 'w', 'work.wanted_unawaited', { id: 'w/1' });
    expect([unawaited.effects.length, unawaited.state.open.size]).toEqual([1, 0]);
    expect(() => take(state, 'w', 'work.wanted', { id: 'v/1' })).toThrow(/K9.*w asks for work under the foreign id v\/1/);
    const asked = take(state, 'w', 'work.wanted', { id: 'w/1' }).state;
    expect(() => take(asked, 'w', 'work.forgotten', {}, 'w/1')).toThrow(/K9.*still open/);
  });
});
