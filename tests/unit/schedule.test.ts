import { expect, test } from 'vitest';
import fc from 'fast-check';
import { apartOf, pick, type PhaseOutcome, type Reach, type ScheduledPhase } from '#src/domain/schedule.ts';

const phase = (id: string, changes: Partial<ScheduledPhase> = {}): ScheduledPhase => ({ id, tier: 0, index: 0, dependencies: [], apart: [], status: 'queued', outcome: null, ...changes });
const done = (id: string, outcome: PhaseOutcome, changes: Partial<ScheduledPhase> = {}): ScheduledPhase => phase(id, { status: 'done', outcome, ...changes });

const reach = (paths: readonly string[], reads: readonly string[] = []): Reach => ({ id: '', paths, reads });

test('E-037 phases begin by tier, then index, then name', () => {
  const phases = [phase('d', { index: 1 }), phase('c'), phase('b'), phase('a', { tier: 1 })];
  expect(pick(phases, 9).start).toEqual(['b', 'c', 'd']);
  expect(pick([...phases].reverse(), 9).start).toEqual(['b', 'c', 'd']);
});

test('E-037 no more begin than may be active together', () => {
  const phases = [phase('a', { status: 'active' }), phase('b'), phase('c')];
  expect([1, 2, 3].map((atOnce) => pick(phases, atOnce).start)).toEqual([[], ['b'], ['b', 'c']]);
});

test('E-037 a tier waits for every phase of a lower one', () => {
  const next = phase('b', { tier: 1 });
  expect(pick([phase('a', { status: 'active' }), next], 9).start).toEqual([]);
  expect(pick([phase('a'), next], 9).start).toEqual(['a']);
  expect(pick([done('a', 'FAILED'), next], 9).start).toEqual(['b']);
});

test.each<readonly [PhaseOutcome, boolean]>([['COMPLETE', true], ['SKIPPED', true], ['FAILED', false], ['BLOCKED', false], ['STOPPED', false]])('E-618 after %s a phase that depends on it may begin: %j', (outcome, begins) => {
  const { start, block } = pick([done('a', outcome), phase('b', { dependencies: ['a'] })], 9);
  expect(start).toEqual(begins ? ['b'] : []);
  expect(block).toEqual(begins ? [] : [{ phase: 'b', dependency: 'a' }]);
});

test('E-618 a dependency that is not over yet neither begins nor blocks', () => {
  expect(pick([phase('a', { status: 'active' }), phase('b', { dependencies: ['a'] })], 9)).toEqual({ start: [], block: [] });
});

test('E-618 what can never begin holds up no later tier', () => {
  expect(pick([done('a', 'FAILED'), phase('b', { dependencies: ['a'] }), phase('c', { tier: 1 })], 9)).toEqual({ start: ['c'], block: [{ phase: 'b', dependency: 'a' }] });
});

test.each<readonly [string, Reach, Reach, boolean]>([
  ['files beside each other', reach(['a.txt']), reach(['b.txt']), false],
  ['the same file', reach(['a.txt']), reach(['c.txt', 'a.txt']), true],
  ['a file of a folder', reach(['src/']), reach(['src/x.ts']), true],
  ['a folder of a folder', reach(['src/a/']), reach(['src/']), true],
  ['folders whose names begin alike', reach(['src/a/']), reach(['src/ab/']), false],
  ['names that differ in case alone', reach(['A.txt']), reach(['a.txt']), true],
  ['one without a scope', reach([]), reach(['a.txt']), true],
  ['what one is shown is changed by the other', reach(['a.txt'], ['docs/']), reach(['docs/x.md']), true],
  ['both are shown the same', reach(['a.txt'], ['docs/']), reach(['b.txt'], ['docs/']), false],
])('E-634 A-453 %s: whether two phases are kept apart', (_title, one, other, apart) => {
  const [a, b] = [{ ...one, id: 'a' }, { ...other, id: 'b' }];
  expect(Object.fromEntries(apartOf([a, b]))).toEqual(apart ? { a: ['b'], b: ['a'] } : { a: [], b: [] });
  expect(Object.fromEntries(apartOf([b, a])), 'either way round').toEqual(apart ? { a: ['b'], b: ['a'] } : { a: [], b: [] });
});

test('E-634 what must be kept apart waits for its turn, and what is behind it does not', () => {
  const phases = [phase('a', { apart: ['b'] }), phase('b'), phase('c')];
  expect(pick(phases, 9).start).toEqual(['a', 'c']);
  expect(pick([{ ...phases[0], status: 'active' } as ScheduledPhase, ...phases.slice(1)], 9).start).toEqual(['c']);
  expect(pick([done('a', 'COMPLETE', { apart: ['b'] }), ...phases.slice(1)], 9).start).toEqual(['b', 'c']);
});

/** Plays a whole plan; the n-th phase to begin ends as told. @returns ids in order of their begin, and the phases. */
function play(phases: readonly ScheduledPhase[], atOnce: number, endings: readonly PhaseOutcome[]) {
  let current = [...phases];
  const begun: string[] = [];
  for (let rounds = 0; rounds < 100; rounds += 1) {
    const { start, block } = pick(current, atOnce);
    const blocked = new Set(block.map(({ phase: id }) => id));
    const active = current.filter(({ status }) => status === 'active');
    const ending = active[0]?.id;
    if (start.length + block.length === 0 && ending === undefined) return { begun, phases: current };
    begun.push(...start);
    current = current.map((one) => {
      if (blocked.has(one.id)) return { ...one, status: 'done', outcome: 'BLOCKED' };
      if (start.includes(one.id)) return { ...one, status: 'active' };
      return one.id === ending ? { ...one, status: 'done', outcome: endings[begun.indexOf(one.id)] ?? 'COMPLETE' } : one;
    });
  }
  throw new Error('it does not end');
}

test('E-037 E-618 every plan without a circle comes to an end, and nothing begins over a failed dependency', () => {
  const plans = fc.array(fc.record({ tier: fc.nat(2), index: fc.nat(3), on: fc.array(fc.nat(5), { maxLength: 2 }) }), { minLength: 1, maxLength: 6 });
  fc.assert(fc.property(plans, fc.integer({ min: 1, max: 3 }), fc.array(fc.constantFrom<PhaseOutcome>('COMPLETE', 'FAILED', 'SKIPPED', 'STOPPED'), { maxLength: 6 }), (plan, atOnce, endings) => {
    const phases = plan.map(({ tier, index, on }, i) => phase(`p${i}`, { tier, index, dependencies: on.filter((j) => j < i && (plan[j]?.tier ?? 9) <= tier).map((j) => `p${j}`) }));
    const end = play(phases, atOnce, endings);
    expect(end.phases.every(({ status }) => status === 'done')).toBe(true);
    const outcomes = new Map(end.phases.map(({ id, outcome }) => [id, outcome]));
    for (const { id, dependencies } of phases) {
      const open = dependencies.every((name) => ['COMPLETE', 'SKIPPED'].includes(outcomes.get(name) ?? ''));
      expect(end.begun.includes(id)).toBe(open);
      expect(outcomes.get(id) === 'BLOCKED').toBe(!open);
    }
  }));
});
