import { describe, expect, test } from 'vitest';
import { compare, afterAnother, needsAnother } from '#src/domain/reports/comparison.ts';
import type { Outcome, TestReport } from '#src/domain/reports/report.ts';
import { storedReport, storedText } from '#src/domain/reports/stored.ts';
import { assertionsIn, isTestFile } from '#src/domain/test-strength.ts';

const report = (tests: Readonly<Record<string, Outcome>>, more: Partial<TestReport> = {}): TestReport => {
  const outcomes = Object.values(tests);
  const [failed, skipped] = ['failed', 'skipped'].map((wanted) => outcomes.filter((outcome) => outcome === wanted).length) as [number, number];
  return { dialect: 'tap', run: outcomes.length - skipped, failed, skipped, named: 'all', tests: new Map(Object.entries(tests)), collectionErrors: [], ...more };
};
const some = (found: ReturnType<typeof compare>) => (found === null ? null : Object.fromEntries(Object.entries(found).filter(([, ids]) => (ids as readonly string[]).length > 0)));

describe('a comparison', () => {
  const base = report({ a: 'passed', b: 'failed', c: 'passed', d: 'failed', e: 'passed', f: 'skipped' });

  test('E-184 says of each test what became of it', () => {
    const now = report({ a: 'failed', b: 'failed', c: 'skipped', d: 'passed', f: 'skipped', g: 'failed', h: 'passed', i: 'skipped' }, { collectionErrors: ['x.py'] });
    expect(some(compare(now, base))).toEqual({ newlyFailing: ['a', 'g'], stillFailing: ['b'], newlyPassing: ['d'], newlySkipped: ['c'], gone: ['e'], added: ['g', 'h', 'i'], newErrors: ['x.py'] });
  });

  test('E-184 of equal reports it is empty, and nothing is run again', () => {
    const same = compare(base, base);
    expect(some(same)).toEqual({ stillFailing: ['b', 'd'] });
    expect(same !== null && needsAnother(same)).toBe(false);
  });

  test('E-184 where only failures have names nothing is known of the others', () => {
    expect(some(compare(report({ z: 'failed' }, { named: 'failing' }), base))).toEqual({ newlyFailing: ['z'] });
    expect(some(compare(base, report({ b: 'failed' }, { named: 'failing' })))).toEqual({ newlyFailing: ['d'], stillFailing: ['b'] });
  });

  test('E-681 of two dialects, or without names, there is none', () => {
    expect(compare(report({ a: 'failed' }, { dialect: 'junit' }), base)).toBeNull();
    expect(compare(report({}, { named: 'none' }), base)).toBeNull();
    expect(compare(base, report({}, { named: 'none' }))).toBeNull();
  });

  test('E-680 what passes when it is run again is a suspect, all else stays', () => {
    const first = compare(report({ a: 'failed', c: 'failed', g: 'failed' }, { collectionErrors: ['x', 'y'] }), report({ a: 'passed', c: 'passed' }));
    if (first === null) throw new Error('comparable');
    const again = report({ a: 'passed', c: 'failed' }, { collectionErrors: ['y'] });
    expect(some(afterAnother(first, again))).toEqual({ newlyFailing: ['c', 'g'], flaky: ['a', 'x'], newErrors: ['y'], added: ['g'] });
    expect(afterAnother(first, null)).toEqual(first);
    expect(afterAnother(first, report({}, { named: 'none' }))).toEqual(first);
  });

  test('E-680 where only failures have names, silence is no success while something does not load', () => {
    const first = compare(report({ a: 'failed' }, { named: 'failing' }), report({}, { named: 'failing' }));
    if (first === null) throw new Error('comparable');
    expect(afterAnother(first, report({}, { named: 'failing' })).flaky).toEqual(['a']);
    expect(afterAnother(first, report({}, { named: 'failing', collectionErrors: ['m'] })).flaky).toEqual([]);
  });

  test('a stored report is the report, and equal reports are equal bytes', () => {
    expect(storedReport(storedText(base))).toEqual(base);
    expect(storedText(report({ b: 'passed', a: 'failed', __proto__x: 'passed' }))).toBe(storedText(report({ __proto__x: 'passed', a: 'failed', b: 'passed' })));
    expect(() => storedReport('{}')).toThrow('dialect');
  });
});

describe('the strength of tests', () => {
  test.each(['test/a.js', 'tests/unit/a.py', 'src/__tests__/a.ts', 'a.test.ts', 'b_test.go', 'test_sum.py', 'pkg/test_sum.py', 'spec/a_spec.rb', 'src/SumTest.java', 'conftest.py', 'test.js', 'a.spec.mjs'])('%s is a file of tests', (path) => {
    expect(isTestFile(path)).toBe(true);
  });
  test.each(['src/a.js', 'latest.py', 'contest.py', 'src/testing_tools.py.md', 'attest/a.js', 'protest.js', 'README.md', 'src/request.ts'])('%s is none', (path) => {
    expect(isTestFile(path)).toBe(false);
  });

  test.each<readonly [string, number]>([
    ['assert.equal(a, 1);', 1], ['  assert a == 1', 1], ['self.assertEqual(a, 1); self.assertTrue(b)', 2], ['expect(a).toBe(1)', 1], ['a.should.equal(1)', 1], ['t.deepEqual(a, b);', 1], ['with pytest.raises(ValueError):', 1],
    ["import assert from 'node:assert';", 0], ["const assert = require('assert');", 0], ['from helpers import assert_ok', 0], ['// assert.equal(a, 1)', 0], ['# assert a', 0],
    ['assert True', 0], ['expect(true).toBe(true)', 0], ['assert.ok(true)', 0], ['assert.equal(1, 1)', 0], ['self.assertTrue(True)', 0], ['t.ok(true, "always")', 0], ['t.pass()', 0], ['assert(true, "yes")', 0], ['assert.ok(true && a)', 1], ['', 0],
  ])('E-183 %j asserts %i times', (line, count) => {
    expect(assertionsIn(line)).toBe(count);
  });

  test.each(['assert', 'assert ', 'assert(', 't.ok(', 'expect(', 'const ', 'expect(true', '= ', 'import '])('E-183 a file of nothing but %j is read in no time to speak of', (unit) => {
    const start = performance.now();
    assertionsIn(unit.repeat(500_000 / unit.length));
    assertionsIn(`${unit.repeat(Math.floor(1900 / unit.length))}\n`.repeat(200));
    expect(performance.now() - start).toBeLessThan(2000);
  });
});
