// The engine against XState's own documented functions, on both charts, along whole seeded runs.

import { expect, test } from 'vitest';
import { initialTransition, transition, type AnyStateMachine } from 'xstate';
import { chartEngine, type ChartState, type Emission, type Engine, type Stepped } from '#src/kernel/engine.ts';
import { freeze } from '#src/kernel/purity.ts';
import { canonical } from '#src/record/canonical.ts';
import { accepts, begin, step, type System } from '#src/kernel/step.ts';
import { phaseMachine } from '#machines/phase.ts';
import { runMachine } from '#machines/run.ts';
import { play, settingOf } from '#tests/support/play.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { generator, phaseEngine, runEngine, testSystem } from '#tests/support/world.ts';

interface Documented { readonly value: unknown; readonly context: unknown; readonly status: string; readonly output?: unknown }

/** What the package's functions say of the same step: the state, and every action with its params. */
const documented = ([snapshot, actions]: readonly [unknown, readonly { readonly type: string; readonly params?: unknown }[]]) => {
  const { value, context, status, output } = snapshot as Documented;
  return { state: canonical({ value, context, status, output: output ?? null }), emissions: actions.flatMap(({ type, params }): Emission[] => [params].flat().map((each) => ({ type, params: each as Record<string, unknown> }))) };
};
const ours = (engine: Engine, { state, emissions }: Stepped) => ({ state: canonical(engine.dump(state)), emissions });

/** An engine that is held against the documented functions at each step. */
function watched(machine: AnyStateMachine, engine: Engine, count: { steps: number }): Engine {
  return {
    ...engine,
    init(input) {
      const stepped = engine.init(input);
      expect(ours(engine, stepped)).toEqual(documented(initialTransition(machine, input as never)));
      return stepped;
    },
    step(state, event) {
      freeze(state.context);
      const stepped = engine.step(state, event);
      expect(ours(engine, stepped)).toEqual(documented(transition(machine, state as never, event as never)));
      expect(stepped.edges.length > 0).toBe(engine.handles(state, event));
      // K1: from the dumped and loaded state, and a second time, the same.
      expect(ours(engine, engine.step(engine.load(JSON.parse(canonical(engine.dump(state)))), event))).toEqual(ours(engine, stepped));
      expect(engine.hash(engine.load(JSON.parse(canonical(engine.dump(stepped.state)))))).toBe(engine.hash(stepped.state));
      count.steps += 1;
      return stepped;
    },
  };
}

test('K1 a step of either chart is what the documented transition() says, frozen, repeated and from its dump', () => {
  const count = { run: { steps: 0 }, phase: { steps: 0 } };
  const engines = new Map([[runEngine, watched(runMachine, runEngine, count.run)], [phaseEngine, watched(phaseMachine, phaseEngine, count.phase)]]);
  for (let seed = 1; seed <= 12; seed += 1) {
    const random = generator(seed);
    const { run, phases } = settingOf(random, ['a', 'b']);
    const plain = testSystem(run, phases);
    const system: System = { ...plain, actors: (data) => plain.actors(data).map((actor) => ({ ...actor, engine: engines.get(actor.engine) ?? actor.engine })) };
    let { state } = begin(system, {});
    const hand = play(random, state, 1_000_000);
    for (let turn = hand.next(); turn.done !== true; turn = hand.next(state)) {
      const { seq, ...input } = turn.value;
      if (accepts(state, input)) ({ state } = step(state, input, { run: 'r', seq }));
    }
  }
  expect(count.run.steps).toBeGreaterThan(300);
  expect(count.phase.steps).toBeGreaterThan(300);
});

const started = (engine: Engine, input: unknown): ChartState => engine.init(input).state;

test('K8 a finished chart takes nothing any more, not even what its root would take', () => {
  const before = started(phaseEngine, { phase: 'p', policy: phasePolicy() });
  const { state: done } = phaseEngine.step(before, { type: 'phase.stopped', at: 1, reason: 'cancelled' } as never);
  expect(done.status).toBe('done');
  expect(phaseEngine.handles(done, { type: 'phase.stopped', at: 2 })).toBe(false);
  expect(phaseEngine.step(done, { type: 'phase.stopped', at: 2 })).toEqual({ state: done, emissions: [], moves: [], edges: [] });
});

test('K3 an event without an edge is told by no edge, and changes nothing', () => {
  const before = started(runEngine, { run: 'r', policy: runPolicy(), prices: [], phases: [] });
  const stepped = runEngine.step(before, { type: 'workspace.cleaned', at: 1, cause: 'run/9' });
  expect([stepped.edges, stepped.emissions, stepped.moves]).toEqual([[], [], []]);
  expect(runEngine.hash(stepped.state)).toBe(runEngine.hash(before));
  expect(runEngine.handles(before, { type: 'workspace.cleaned', at: 1 })).toBe(false);
});

test('every edge has an id of its own, of its source, its event and its place', () => {
  for (const { allEdges, id } of [runEngine, phaseEngine]) {
    expect(new Set(allEdges).size).toBe(allEdges.length);
    expect(allEdges.filter((edge) => !new RegExp(`^${id}(\\.[A-Za-z_]+)*\\|[a-z._]*\\|\\d+$`).test(edge))).toEqual([]);
  }
});

test('moves name where a step came from and went to, through every state between', () => {
  const { state } = runEngine.step(started(runEngine, { run: 'r', policy: runPolicy(), prices: [], phases: [] }), { type: 'run.started', at: 1, epoch: 1 } as never);
  const { moves } = runEngine.step(state, { type: 'run.cancel_requested', at: 2, reason: 'x' } as never);
  expect(moves).toEqual([
    { from: 'PREPARING.workspace', to: 'SETTLING.drain' }, { from: 'SETTLING.drain', to: 'SETTLING.publish' }, { from: 'SETTLING.publish', to: 'SETTLING.clean' },
  ]);
});

test('K8 an engine is only made of a pure chart', () => {
  expect(() => chartEngine(runMachine, { effects: new Set(), facts: new Set(), message: 'tell' }, {})).toThrow('neither effect, fact nor message');
});
