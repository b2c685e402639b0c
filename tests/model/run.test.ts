// Run and phases together: thousands of seeded runs, every result at a random moment, cancels, take-overs, stale answers.

import { beforeAll, expect, test } from 'vitest';
import { effects, type EffectType } from '#src/events/effects.ts';
import { forbid } from '#src/kernel/purity.ts';
import type { InputEvent } from '#src/record/record.ts';
import { ownerOf, type Applied } from '#src/kernel/step.ts';
import { play, settingOf } from '#tests/support/play.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { accountIn, ROOT } from '#src/domain/ledger.ts';
import type { Fact } from '#src/record/record.ts';
import { accepts, answers, begin, generator, inspect, isDone, pathsOf, runContext, runEngine, step, testSystem } from '#tests/support/world.ts';

const SEEDS = 2000;
const edges = new Set<string>();
const outcomes = new Map<string, number>();
const problems: string[] = [];
let stale = 0;

/** N5: nothing that costs is granted, no phase starts. */
function movesWhilePaused({ effects: asked, moves }: Applied): unknown[] {
  const costly = asked.filter(({ type }) => effects[type as EffectType].paid).map(({ id }) => id);
  return [...costly, ...moves.filter(({ actor, from, to }) => actor.startsWith('phase:') && from === 'QUEUED' && to.startsWith('BUILDING'))];
}

/** whatever is paid for stands in an account. */
function unreserved({ effects: asked, state }: Applied): unknown[] {
  const ids = new Set(runContext(state).ledger.reservations.map(({ id }) => id));
  return asked.filter(({ id, type }) => effects[type as EffectType].paid && !ids.has(id)).map(({ id }) => id);
}

/** Q-8, Q-10: the calls' usages are the run's, and no call is reserved twice or settled unreserved. */
function wrongAccounts(facts: readonly Fact[], state: Applied['state']): string | null {
  const of = (type: string): Fact['data'][] => facts.filter((fact) => fact.type === type).map(({ data }) => data);
  const ids = (type: string): string[] => of(type).map(({ effect }) => String(effect));
  const [reserved, ended] = [ids('quota.reserved'), ids('quota.settled')];
  if (new Set(reserved).size !== reserved.length) return 'Q-10 a call is reserved twice';
  if (new Set(ended).size !== ended.length || ended.some((id) => !reserved.includes(id)) || ended.length !== reserved.length) return 'Q-2 reserved and settled are not the same calls';
  const sum = (...keys: string[]): number => of('quota.settled').reduce((total, data) => total + keys.reduce((part, key) => part + Number(data[key]), 0), 0);
  const { tokens = 0, costMicroUsd = 0 } = accountIn(runContext(state).ledger, ROOT)?.settled ?? {};
  return sum('inputTokens', 'outputTokens') === tokens && sum('costMicroUsd') === costMicroUsd ? null : 'Q-8 the run used another sum than its calls';
}

function playSeed(seed: number): void {
  const random = generator(seed);
  const { run, phases } = settingOf(random, ['a', 'b', 'c', 'd']);
  let { state } = begin(testSystem(run, phases), {});
  const taken: InputEvent[] = [];
  const facts: Fact[] = [];
  const hand = play(random, state, 1_000_000);
  for (let turn = hand.next(); turn.done !== true; turn = hand.next(state)) {
    const { seq, ...input } = turn.value;
    if (!accepts(state, input)) continue;
    const { event, at } = input;
    const applied = forbid(() => step(state, input, { run: 'r', seq }));
    applied.edges.forEach((edge) => edges.add(edge));
    const wasPaused = runContext(state).pause !== null;
    state = applied.state;
    facts.push(...applied.facts);
    if (unreserved(applied).length > 0) throw new Error(`Q-11 ${event.type} led to ${JSON.stringify(unreserved(applied))}, which nobody pays for`);
    if (wasPaused && runContext(state).pause !== null && event.type !== 'run.resumed' && movesWhilePaused(applied).length > 0) throw new Error(`N5 paused, and yet ${event.type} led to ${JSON.stringify(movesWhilePaused(applied))}`);
    const wrong = inspect(state);
    if (wrong !== null) throw new Error(`${wrong} after ${event.type} (${pathsOf(state).join(' ')})`);
    taken.push(event);
    const old = random.pick(taken);
    if (old.cause !== undefined && !state.open.has(old.cause)) {
      stale += 1;
      if (accepts(state, { to: ownerOf(old.cause), at, event: old })) throw new Error(`K5 stale ${old.type} is accepted`);
    }
  }
  const sums = wrongAccounts(facts, state);
  if (sums !== null) throw new Error(sums);
  const end = runContext(state).phases.map(({ outcome }) => outcome ?? '-').join('');
  outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
}

beforeAll(() => {
  for (let seed = 1; seed <= SEEDS && problems.length < 5; seed += 1) {
    try {
      playSeed(seed);
    } catch (error) {
      problems.push(`seed ${seed}: ${(error as Error).message}`);
    }
  }
}, 300_000);

test('N1 N2 N3 N4 N5 P5 K3 K5 every seeded run keeps the promises and comes to an end; its accounts keep Q-1 Q-2 Q-5 Q-8 Q-9 Q-10 Q-11', () => {
  expect(problems).toEqual([]);
  expect(stale).toBeGreaterThan(1000);
  expect(outcomes.size).toBeGreaterThan(20);
});

test('every edge of the run chart is taken', () => {
  expect(runEngine.allEdges.filter((edge) => !edges.has(`run:${edge}`))).toEqual([]);
});

test.each([0, 1, 2, 3, 4, 5, 6, 7])('N6 a run that is cancelled after %i results ends though everything fails from then on', (results) => {
  const system = testSystem(runPolicy(), [{ id: 'a', tier: 0, dependencies: [], policy: phasePolicy() }]);
  let { state } = begin(system, {});
  let seq = 1;
  const take = (to: string, event: InputEvent): void => {
    expect(accepts(state, { to, at: 1_000_000 + seq, event }), `${event.type} is accepted`).toBe(true);
    ({ state } = step(state, { to, at: 1_000_000 + seq, event }, { run: 'r', seq }));
    seq += 1;
  };
  const open = () => [...state.open.values()].filter(({ effect: { type, params } }) => type !== 'startTimer' || params['kind'] === 'settle');
  take('run', { type: 'run.started', v: 1, data: { epoch: 1 } });
  for (let i = 0; i < results; i += 1) {
    const { effect, owner } = open()[0] ?? { effect: null, owner: '' };
    if (effect !== null) take(owner, answers(state, effect.id, seq)[0] as InputEvent);
  }
  take('run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } });
  const failures = new Map<string, number>();
  while (!isDone(state)) {
    const next = open()[0];
    if (next === undefined) throw new Error(`N6 at rest: ${pathsOf(state).join(' ')}`);
    const { effect, owner } = next;
    failures.set(effect.type, (failures.get(effect.type) ?? 0) + 1);
    expect(failures.get(effect.type), effect.type).toBeLessThanOrEqual(2);
    const bad = answers(state, effect.id, seq).find(({ type }) => type === 'effect.failed' || type === 'timer.fired');
    take(owner, bad as InputEvent);
  }
  expect(runContext(state).phases.map(({ outcome }) => outcome)).toEqual(['STOPPED']);
});
