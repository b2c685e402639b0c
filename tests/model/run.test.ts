// Run and phases together: thousands of seeded runs, every result at a random moment, cancels, take-overs, stale answers.

import { beforeAll, expect, test } from 'vitest';
import { effects, type EffectType } from '#src/events/effects.ts';
import { forbid } from '#src/kernel/purity.ts';
import type { InputEvent } from '#src/record/record.ts';
import { phasePolicy, runPolicy } from '#tests/support/policies.ts';
import { accepts, answers, begin, generator, isDone, pathsOf, runContext, runEngine, step, testSystem, type KernelState } from '#tests/support/world.ts';

const SEEDS = 2000;
const STEPS_MAX = 1500;
const edges = new Set<string>();
const outcomes = new Map<string, number>();
const problems: string[] = [];
let stale = 0;

function inspect(state: KernelState): string | null {
  const run = runContext(state);
  const used = run.inputTokens + run.outputTokens;
  const aside = [...run.reserved, ...run.lost].reduce((sum, { tokens }) => sum + tokens, 0);
  if (used + aside > run.tokenCap && run.reserved.length > 0 && used < run.tokenCap) return `N1 ${used} + ${aside} passes the cap ${run.tokenCap}`;
  const ids = [...run.reserved, ...run.lost].map(({ id }) => id);
  if (new Set(ids).size !== ids.length) return 'N2 reserved twice';
  const inside = pathsOf(state).filter((path) => /=GATED\.(rebase|judge|commit)/.test(path));
  if (inside.length > 1) return `N3 two phases hold the turn: ${inside.join(' ')}`;
  if (inside.length === 1 && run.turn.holder !== inside[0]?.slice('phase:'.length).split('=')[0]) return 'N3 the holder is another phase';
  if (isDone(state) && (run.reserved.length > 0 || run.lost.length > 0)) return 'N2 a reservation outlives the run';
  if (isDone(state) && pathsOf(state).some((path) => path.startsWith('phase:') && !/=(DONE|QUEUED)$/.test(path))) return 'N4 the run ended over a phase';
  const active = run.phases.filter(({ status }) => status === 'active').length;
  if (active > run.policy.phasesAtOnce) return 'more phases than allowed';
  const waits = [...state.cells.values()].flatMap(({ state: cell }) => Object.entries(cell.context.open).filter(([, kind]) => kind.startsWith('parked:')).map(([id]) => id));
  const known = new Set(run.parked.map(({ id }) => id));
  if (!isDone(state) && waits.some((id) => !known.has(id))) return 'P5 a parked wish that the run does not know';
  return null;
}

function play(seed: number): void {
  const random = generator(seed);
  const atOnce = random.pick([1, 1, 2, 3]);
  const phases = ['a', 'b', 'c', 'd'].map((id, i) => ({
    id, tier: Math.floor(i / 2), dependencies: i > 0 && random.next() < 0.3 ? [['a', 'b', 'c'][i - 1] as string] : [],
    policy: phasePolicy({ attemptsMax: random.pick([1, 3, 4]), auditor2Walk: random.next() < 0.3 ? ['m1'] : null, onExhausted: random.pick(['ask', 'fail']), askBeforeCommit: random.next() < 0.2, check: random.pick(['command', 'command', 'none']), netDeletionMax: random.next() < 0.1 ? -1 : 200 }),
  }));
  const system = testSystem(runPolicy({ phasesAtOnce: atOnce, baseline: random.pick(['command', 'none']), tokenCap: random.pick([5_000_000, 60_000, 200]), iterations: random.pick([null, null, 3]), replansMax: random.pick([0, 1, 5]) }), phases);
  const good = random.pick([0.3, 0.6, 0.85, 0.95]);
  const slowRun = random.pick([0, 0.9]);
  const badTests = random.pick([0, 0, 0.8]);
  let { state } = begin(system, {});
  let at = 1_000_000;
  let epoch = 0;
  const closed: InputEvent[] = [];
  const take = (to: string, event: InputEvent, seq: number): boolean => {
    const input = { to, at, event };
    if (!accepts(state, input)) return false;
    const applied = forbid(() => step(state, input, seq));
    applied.edges.forEach((edge) => edges.add(edge));
    const wasPaused = runContext(state).pause !== null;
    state = applied.state;
    if (wasPaused && runContext(state).pause !== null && event.type !== 'run.resumed') {
      const costly = applied.effects.filter(({ type }) => effects[type as EffectType].paid);
      const started = applied.moves.filter(({ actor, from }) => actor.startsWith('phase:') && from === 'QUEUED');
      if (costly.length > 0 || started.some(({ to }) => to.startsWith('BUILDING'))) throw new Error(`N5 paused, and yet ${event.type} led to ${JSON.stringify([costly.map(({ id }) => id), started])}`);
    }
    const wrong = inspect(state);
    if (wrong !== null) throw new Error(`${wrong} after ${event.type} (${pathsOf(state).join(' ')})`);
    return true;
  };
  for (let seq = 1; seq < STEPS_MAX && !isDone(state); seq += 1) {
    at += Math.floor(random.next() * 2000);
    const open = [...state.open.values()].filter(({ effect }) => effect.type !== 'startTimer' || !['duration', 'deadline'].includes(String(effect.params['kind'])) || random.next() < 0.02);
    const roll = random.next();
    if (epoch === 0) { epoch = 1; take('run', { type: 'run.started', v: 1, data: { epoch } }, seq); continue; }
    if (roll < 0.006) { take('run', { type: 'run.cancel_requested', v: 1, data: { reason: 'enough' } }, seq); continue; }
    if (roll < 0.03 || (open.length === 0 && runContext(state).pause !== null)) {
      epoch += 1;
      take('run', { type: 'run.resumed', v: 1, data: { epoch, downMs: Math.floor(random.next() * 3) * 1000, tokenCap: random.next() < 0.5 ? 9_000_000 : null, iterations: random.next() < 0.5 ? 1 : null } }, seq);
      continue;
    }
    if (roll < 0.06) {
      const late = runContext(state).lost[0];
      if (late !== undefined) take('run', { type: 'effect.late', v: 1, data: { effect: late.id, inputTokens: 1, outputTokens: 1, costMicroUsd: 1 } }, seq);
      continue;
    }
    if (open.length === 0) throw new Error(`stuck: ${pathsOf(state).join(' ')} pause ${JSON.stringify(runContext(state).pause)}`);
    const ofPhases = open.filter(({ owner }) => owner !== 'run');
    const chosen = random.pick(ofPhases.length > 0 && random.next() < slowRun ? ofPhases : open);
    const list = answers(state, chosen.effect.id, seq);
    const stubborn = chosen.effect.type === 'runTests' && chosen.owner !== 'run' && random.next() < badTests;
    const event = stubborn ? (list[1] as InputEvent) : random.next() < good ? (list[0] as InputEvent) : random.pick(list);
    take(chosen.owner, event, seq);
    closed.push(event);
    const old = random.pick(closed);
    if (old.cause !== undefined && !state.open.has(old.cause)) {
      stale += 1;
      if (accepts(state, { to: old.cause.slice(0, old.cause.lastIndexOf('/')), at, event: old })) throw new Error(`K5 stale ${old.type} is accepted`);
    }
  }
  const end = isDone(state) ? runContext(state).phases.map(({ outcome }) => outcome ?? '-').join('') : 'unfinished';
  outcomes.set(end, (outcomes.get(end) ?? 0) + 1);
  if (end === 'unfinished') throw new Error(`N4 not over after ${STEPS_MAX} steps: ${pathsOf(state).join(' ')} ${JSON.stringify(runContext(state).pause)}`);
}

beforeAll(() => {
  for (let seed = 1; seed <= SEEDS && problems.length < 5; seed += 1) {
    try {
      play(seed);
    } catch (error) {
      problems.push(`seed ${seed}: ${(error as Error).message}`);
    }
  }
}, 120_000);

test('N1 N2 N3 N4 N5 P5 K3 K5 every seeded run keeps the promises and comes to an end', () => {
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
    ({ state } = step(state, { to, at: 1_000_000 + seq, event }, seq));
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
