// Every construct of XState that acts, waits, hides or guesses is refused when the engine is made; what only shows at
// run time throws there. Source: kernel 1.3, 7.

import { describe, expect, test } from 'vitest';
import {
  and, assign, cancel, createMachine, emit, enqueueActions, fromPromise, log, not, raise, sendParent, sendTo, spawnChild, stateIn, stopChild, type AnyStateMachine,
} from 'xstate';
import { InvariantError } from '#src/errors/errors.ts';
import { chartEngine } from '#src/kernel/engine.ts';
import { assertPure, forbid, freeze, type Vocabulary } from '#src/kernel/purity.ts';

const vocabulary: Vocabulary = { effects: new Set(['work']), facts: new Set(['noted']), message: 'tell' };
const silent = (): void => {};
const implementations = { actions: { work: silent, noted: silent, tell: silent, count: assign({ n: 1 }) }, guards: { mayGo: () => true } };

/** A chart of two states around what is tried; types are put aside, since most of it is what they forbid. */
function chart(config: object, more: object = {}): AnyStateMachine {
  const make = createMachine as unknown as (config: object, implementations: object) => AnyStateMachine;
  return make({ id: 'x', initial: 'a', context: { n: 0 }, options: { maxIterations: 100 }, states: { a: { on: { GO: 'b' } }, b: {} }, ...config }, { ...implementations, ...more });
}
const inA = (state: object): AnyStateMachine => chart({ states: { a: { on: { GO: 'b' }, ...state }, b: {} } });
const onGo = (transition: unknown): AnyStateMachine => inA({ on: { GO: transition } });
const doing = (action: unknown): AnyStateMachine => onGo({ target: 'b', actions: action });
const withAction = (name: string, action: unknown): AnyStateMachine => chart({}, { actions: { ...implementations.actions, [name]: action } });

test('K8 a chart of named assigns, guards, effects with params and messages is taken', () => {
  expect(() => assertPure(inA({ entry: ['count', { type: 'noted', params: {} }, { type: 'work', params: () => ({ id: 'x/1' }) }], on: { GO: [{ guard: and(['mayGo', not('mayGo')]), target: 'b' }, { target: 'b', actions: { type: 'tell', params: {} } }] } }), vocabulary)).not.toThrow();
});

const CONSTRUCTS: readonly (readonly [construct: string, machine: () => AnyStateMachine, message: string])[] = [
  ['invoke of a named actor', () => inA({ invoke: { src: 'someone' } }), 'invoke'],
  ['invoke of an inline actor', () => inA({ invoke: { src: fromPromise(() => Promise.resolve(1)) } }), 'invoke'],
  ['after', () => inA({ after: { 1000: 'b' } }), 'after'],
  ['declared actors', () => chart({}, { actors: { someone: fromPromise(() => Promise.resolve(1)) } }), 'actors and delays'],
  ['declared delays', () => chart({}, { delays: { soon: 10 } }), 'actors and delays'],
  ['parallel', () => inA({ type: 'parallel', states: { c: {}, d: {} } }), 'parallel'],
  ['a parallel root', () => chart({ type: 'parallel', initial: undefined }), 'parallel'],
  ['shallow history', () => inA({ initial: 'c', states: { c: {}, h: { type: 'history' } } }), 'history'],
  ['deep history', () => inA({ initial: 'c', states: { c: {}, h: { type: 'history', history: 'deep' } } }), 'history'],
  ['an integer-like key', () => chart({ initial: '1', states: { 1: {} } }), 'state key'],
  ['a key with a bar', () => chart({ initial: 'a|b', states: { 'a|b': {} } }), 'state key'],
  ['a wildcard', () => inA({ on: { '*': 'b' } }), 'wildcard'],
  ['a partial wildcard', () => inA({ on: { 'effect.*': 'b' } }), 'wildcard'],
  ['an event of XState', () => inA({ on: { 'xstate.stop': 'b' } }), 'reserved'],
  ['onDone of a child', () => inA({ initial: 'c', states: { c: { type: 'final' } }, onDone: 'b' }), 'reserved'],
  ['an event that looks like a done one', () => inA({ on: { 'done.invoke.x': 'b' } }), 'reserved'],
  ['an event that looks like an error', () => inA({ on: { 'error.platform.x': 'b' } }), 'reserved'],
  ['a transition that does nothing', () => onGo({}), 'does nothing'],
  ['a forbidden transition', () => onGo(undefined), 'does nothing'],
  ['an inline action', () => doing(() => {}), 'inline action'],
  ['an inline assign', () => doing(assign({ n: 2 })), 'inline action'],
  ['an inline action on entry', () => inA({ entry: () => {} }), 'inline action'],
  ['an inline action on exit', () => inA({ exit: [() => {}] }), 'inline action'],
  ['an unknown action', () => doing('what'), 'unknown action what'],
  ['an action named like a part of every object', () => doing('toString'), 'unknown action toString'],
  ['a declared function that is no effect', () => withAction('act', () => {}), 'neither effect, fact nor message'],
  ['raise', () => withAction('act', raise({ type: 'GO' })), 'xstate.raise'],
  ['sendTo', () => withAction('act', sendTo('someone', { type: 'GO' })), 'xstate.sendTo'],
  ['sendParent', () => withAction('act', sendParent({ type: 'GO' })), 'xstate.sendTo'],
  ['spawnChild', () => withAction('act', spawnChild('someone')), 'xstate.spawnChild'],
  ['stopChild', () => withAction('act', stopChild('someone')), 'xstate.stopChild'],
  ['emit', () => withAction('act', emit({ type: 'x' })), 'xstate.emit'],
  ['log', () => withAction('act', log('x')), 'xstate.log'],
  ['cancel', () => withAction('act', cancel('x')), 'xstate.cancel'],
  ['enqueueActions', () => withAction('act', enqueueActions(() => {})), 'xstate.enqueueActions'],
  ['an effect by its name alone', () => doing('work'), 'work without params'],
  ['an effect without params', () => doing({ type: 'work' }), 'work without params'],
  ['a fact without params', () => inA({ entry: 'noted' }), 'noted without params'],
  ['a message without params', () => inA({ exit: { type: 'tell' } }), 'tell without params'],
  ['an inline guard', () => onGo({ target: 'b', guard: () => true }), 'inline guard'],
  ['an inline guard inside of another', () => onGo({ target: 'b', guard: and(['mayGo', not(() => true)]) }), 'inline guard'],
  ['a guard on other regions', () => onGo({ target: 'b', guard: stateIn({ a: 'c' }) }), 'inline guard'],
  ['an unknown guard', () => onGo({ target: 'b', guard: 'what' }), 'unknown guard what'],
  ['an unknown guard inside of another', () => onGo({ target: 'b', guard: not('what') }), 'unknown guard what'],
  ['an effect of a state that is left at once', () => inA({ entry: { type: 'work', params: {} }, always: 'b' }), 'transient state with an entry effect'],
  ['a transient state without a default', () => chart({ states: { a: { always: { guard: 'mayGo', target: 'b' } }, b: {} } }), 'transient state without a default'],
  ['no limit of microsteps', () => chart({ options: {} }), 'may turn for ever'],
  ['something deep inside', () => inA({ initial: 'c', states: { c: { initial: 'd', states: { d: { entry: () => {} } } } } }), 'inline action'],
];

test.each(CONSTRUCTS)('K8 %s is refused by name', (_construct, machine, message) => {
  expect(() => assertPure(machine(), vocabulary)).toThrow(InvariantError);
  expect(() => chartEngine(machine(), vocabulary, {})).toThrow(message);
});

describe('what only shows when a step is taken', () => {
  const stepped = (machine: AnyStateMachine) => () => {
    const engine = chartEngine(machine, vocabulary, {});
    const { state } = engine.init({});
    freeze(state.context);
    return forbid(() => engine.step(state, { type: 'GO', at: 1 }));
  };
  const assigning = (compute: (args: never) => object): AnyStateMachine => chart({ states: { a: { on: { GO: { target: 'b', actions: 'touch' } } }, b: {} } }, { actions: { ...implementations.actions, touch: assign(compute as never) } });

  test.each<readonly [string, () => object]>([
    ['Date.now', () => ({ n: Date.now() })], ['new Date()', () => ({ n: new Date().getTime() })], ['Date()', () => ({ n: Date() })], ['Math.random', () => ({ n: Math.random() })], ['performance.now', () => ({ n: performance.now() })],
    ['randomUUID', () => ({ n: crypto.randomUUID() })], ['getRandomValues', () => ({ n: crypto.getRandomValues(new Uint8Array(1)) })], ['hrtime', () => ({ n: process.hrtime() })], ['setTimeout', () => ({ n: setTimeout(silent, 1) })],
    ['setImmediate', () => ({ n: setImmediate(silent) })], ['queueMicrotask', () => ({ n: queueMicrotask(silent) })], ['fetch', () => ({ n: fetch('http://127.0.0.1') })], ['console.log', () => ({ n: console.log('x') })],
  ])('K8 %s in an assign throws', (_what, compute) => {
    expect(stepped(assigning(compute))).toThrow(/impure/);
  });

  test('K8 a date that is given is none of the clock\'s', () => {
    expect(stepped(assigning(() => ({ n: new Date(5).getTime() })))().state.context).toMatchObject({ n: 5 });
  });

  test.each<readonly [string, RegExp, (args: { context: { n: number }; self: { send(event: object): void }; spawn(src: unknown): unknown }) => object]>([
    ['an assign that touches its context', /read only/, ({ context }) => { context.n = 9; return {}; }],
    ['an assign that sends', /impure chart x: self/, ({ self }) => { self.send({ type: 'GO' }); return {}; }],
    ['an assign that spawns', /impure chart x/, ({ spawn }) => ({ child: spawn(fromPromise(() => Promise.resolve(1))) })],
  ])('K1 K8 %s throws', (_what, message, compute) => {
    expect(stepped(assigning(compute as never))).toThrow(message);
  });

  test('K8 an effect whose params are computed to nothing throws', () => {
    expect(stepped(onGo({ target: 'b', actions: { type: 'work', params: () => undefined } }))).toThrow('impure chart x: action work');
  });

  test('K8 a circle of always ends in an error, and the state before it is as it was', () => {
    const engine = chartEngine(chart({ states: { a: { on: { GO: 'c' } }, c: { always: 'd' }, d: { always: 'c' } } }), vocabulary, {});
    const { state } = engine.init({});
    const before = engine.hash(state);
    expect(() => engine.step(state, { type: 'GO', at: 1 })).toThrow(/microsteps/);
    expect(engine.hash(state)).toBe(before);
  });
});

test('K8 what is forbidden for a step is there again after it, also after one that threw', () => {
  const { now } = Date;
  expect(() => forbid(() => Date.now())).toThrow('impure: now');
  expect(Date.now).toBe(now);
  expect(forbid(() => new Date(0).toISOString())).toBe('1970-01-01T00:00:00.000Z');
  expect([typeof Math.random(), typeof new Date().getTime(), typeof crypto.randomUUID()]).toEqual(['number', 'number', 'string']);
});
