import { expect, test } from 'vitest';
import fc from 'fast-check';
import { parsePlan, type ParsedPlan } from '#src/plan/parse.ts';
import { Plan } from '#src/events/plan.ts';
import { canonical } from '#src/record/canonical.ts';
import { parsed } from '#tests/support/plans.ts';

const wide = (text: string): ParsedPlan => parsePlan({ text, file: 'p', protect: null, defaultRunId: 'run' }, { phasesMax: 50, filesPerScopeMax: 100, testsMs: 600_000, baselineMs: 180_000, protectedPaths: ['autopack.yaml'] });

/** Told with a place and a word, or accepted as a plan that a record can hold. */
function sound(text: string): boolean {
  const read = parsed(text);
  expect(parsed(text)).toEqual(read);
  if (read.ok) {
    expect(Plan.parse(read.plan)).toEqual(read.plan);
    expect(canonical(read.plan)).toBe(canonical(JSON.parse(JSON.stringify(read.plan))));
    return true;
  }
  expect(read.problems.length).toBeGreaterThan(0);
  for (const { line, column, message } of read.problems) expect([line >= 1, column >= 1, message !== '']).toEqual([true, true, true]);
  return false;
}

/** What no field expects, and what only nearly fits. */
const odd: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom<unknown>('', ' ', '.', './', '/', '~', 'a|b', '"', '\\', '\0', 'X=1', -0, 0, 1.5, 2 ** 60, true, null, [], {}, 'toString', '__proto__', 'İ'.repeat(64), 'x'.repeat(600), 'a '.repeat(150), 'C:\\x', '../a', '`a` (b) (c)') },
  fc.string({ unit: 'binary', maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }),
);
/** A value that fits, now and then an odd one in its place. */
const mostly = (fits: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => fc.oneof({ weight: 25, arbitrary: fits }, { weight: 1, arbitrary: odd });
const listOf = (item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> => mostly(fc.array(item, { maxLength: 3 }));
const some = (fields: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<unknown> => mostly(fc.record(fields, { requiredKeys: [] }));
const text = mostly(fc.string({ minLength: 1, maxLength: 30 }));
const file = mostly(fc.constantFrom('a', 'src/', './b//c', '"d"', 'e (new)'));
const argv = mostly(fc.oneof(fc.constantFrom('npm test', "make 'a b'"), fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 99 })));
const ci = some({ skip: mostly(fc.boolean()), reason: text, type: mostly(fc.constantFrom('pytest', 'custom')), command: argv, paths: listOf(file), args: listOf(text), workdir: file, env: mostly(fc.dictionary(fc.constantFrom('A', '_b'), text)), timeout: mostly(fc.integer({ min: 1, max: 9 })), baseline: mostly(fc.constantFrom('none', 'command')) });
const scope = some({ paths: listOf(file), read_only_context: listOf(mostly(fc.oneof(file, fc.record({ path: file })))), deliverables: listOf(file), ci });
const phase = fc.tuple(
  fc.record({ phase_index: mostly(fc.integer({ min: 0, max: 99 })), tier_id: mostly(fc.constant('T1')), name: text }),
  some({ scope, ci, description: text, acceptance_criteria: listOf(text), deliverables: mostly(fc.oneof(listOf(file), some({ code: file, tests: listOf(file) }))), task_category: text, complexity: mostly(fc.constantFrom('low', 'hard', 'constructor')), max_builder_attempts: mostly(fc.integer({ min: 1 })) }),
).map(([own, more]) => ({ ...own, ...(more as object) }));
const plan = fc.tuple(
  fc.array(phase, { minLength: 1, maxLength: 2 }).map((phases) => phases.map((each, i) => ({ phase_id: `p${i}`, ...each }))),
  fc.record({ run: some({ run_id: mostly(fc.constant('r')), token_cap: mostly(fc.integer({ min: 1 })) }), ci, workspace: some({ setup: listOf(argv) }), protected: listOf(file) }, { requiredKeys: [] }),
).map(([phases, more]) => ({ tiers: [{ tier_id: 'T1', tier_index: 0, name: 't' }], phases, ...more }));

test('E-030 any text is a plan or a list of problems, never a crash, and the same one each time', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => void sound(text)), { numRuns: 300 });
  fc.assert(fc.property(fc.array(fc.constantFrom('phases:', '- ', 'phase_id: a', '\n', '  ', '{', '}', '[', ']', '&a', '*a', '!!set', '---', ': ', '"', '|', '>', '\t', '? '), { maxLength: 20 }).map((parts) => parts.join('')), (text) => void sound(text)), { numRuns: 400 });
});

test('E-030 any value is a plan or a list of problems, never a crash, and the same one each time', () => {
  let accepted = 0;
  fc.assert(fc.property(fc.jsonValue(), (value) => void sound(JSON.stringify(value))), { numRuns: 300 });
  fc.assert(fc.property(plan, (value) => void (accepted += sound(JSON.stringify(value)) ? 1 : 0)), { numRuns: 400 });
  expect(accepted).toBeGreaterThan(5); // else nothing behind the schema was met
});

/** An accepted plan written as somebody would give it. */
function written({ run, tiers, phases, workspace, protected: paths }: Plan): string {
  const ciInput = (entry: Plan['phases'][number]['ci']): object | null => {
    if (entry.kind === 'none') return null;
    if (entry.kind === 'skip') return { skip: true, reason: entry.reason };
    return { command: entry.argv, timeout_seconds: entry.timeoutMs / 1000, workdir: entry.workdir, env: Object.fromEntries(entry.env) };
  };
  return JSON.stringify({ run, tiers, phases: phases.map((entry) => ({ ...entry, ci: ciInput(entry.ci) })), workspace, protected: paths });
}

const path = fc.tuple(fc.constantFrom('a', './b', '"c', './/d'), fc.array(fc.constantFrom('a', 'b.ts', './', '//', '/', ' (new)', '"', '`', ' ', 'ö'), { maxLength: 4 })).map(([start, rest]) => start + rest.join(''));
const paths = fc.array(path, { maxLength: 4 });
const command = fc.oneof(fc.constantFrom('npm test', "make 'a b' c"), fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 4 }));
const goodPhase = fc.record({
  acceptance_criteria: paths, deliverables: fc.oneof(paths, fc.record({ code: paths, docs: path })), scope: fc.record({ paths, read_only_context: paths }, { requiredKeys: [] }),
  complexity: fc.constantFrom('low', 'hard', 'maint', 'what'), task_category: fc.constantFrom('Docs ', 'tests'), allow_noop: fc.boolean(),
  ci: fc.oneof(fc.record({ command, timeout: fc.integer({ min: 1, max: 9 }), args: fc.array(fc.string(), { maxLength: 2 }), workdir: path, env: fc.record({ A: fc.string() }) }, { requiredKeys: [] }), fc.record({ skip: fc.constant(true), reason: fc.string({ minLength: 1 }) }), fc.constant(null)),
}, { requiredKeys: [] });

test('E-035 what was made right once stays as it is: an accepted plan, given again, is the same plan and nothing is told', () => {
  let accepted = 0;
  fc.assert(fc.property(fc.array(goodPhase, { minLength: 1, maxLength: 2 }), fc.option(fc.record({ command })), paths, (list, ofRun, protectedPaths) => {
    const phases = list.map((entry, i) => ({ phase_id: `p${i}`, phase_index: i, tier_id: 'T1', name: 'n', ...entry }));
    const once = wide(JSON.stringify({ tiers: [{ tier_id: 'T1', tier_index: 0, name: 't' }], phases, ci: ofRun, protected: protectedPaths }));
    if (!once.ok) return;
    accepted += 1;
    const twice = wide(written(once.plan));
    expect(twice).toMatchObject({ ok: true, plan: { ...once.plan, baseline: expect.anything() } });
    expect(twice.ok && twice.warnings.filter(({ message }) => message.includes('read as'))).toEqual([]);
  }), { numRuns: 200 });
  expect(accepted).toBeGreaterThan(50);
});
