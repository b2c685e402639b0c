// The dialects of test reports, by what the tools themselves wrote: tests/unit/reports holds one small suite of each
// (a passing, a failing, a skipped test, one that is to fail, nested names, a file that cannot be loaded).

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { readOutput, readReport } from '#src/domain/reports/dialects.ts';
import { merged, NAMES_MAX, type Outcome, type TestReport } from '#src/domain/reports/report.ts';

const fixture = (name: string): string => readFileSync(new URL(`reports/${name}`, import.meta.url), 'utf8');
const seen = (report: TestReport | null) => (report === null ? null : { ...report, tests: Object.fromEntries(report.tests) });

const NODE: Readonly<Record<string, Outcome>> = {
  'broken.test.mjs': 'failed', adds: 'passed', breaks: 'failed', skipped: 'skipped', todo: 'skipped', 'list <&> "x" > is empty': 'passed',
  'list <&> "x" > is full # of 1': 'failed', 'list <&> "x" > inner > is empty': 'passed', 'parent > child': 'passed',
};
const SUM = 'test_sum.SumTest.test_';
const UNITTEST: Readonly<Record<string, Outcome>> = {
  [`${SUM}adds`]: 'passed', [`${SUM}breaks`]: 'failed', [`${SUM}documented`]: 'passed', [`${SUM}error`]: 'failed', [`${SUM}expected`]: 'skipped', [`${SUM}skipped`]: 'skipped', [`${SUM}subs`]: 'failed', [`${SUM}unexpected`]: 'failed',
};
const PYTEST: Readonly<Record<string, Outcome>> = {
  test_adds: 'passed', test_breaks: 'failed', test_skipped: 'skipped', test_expected: 'skipped', 'test_text[a b]': 'passed', 'test_text[x - y]': 'failed', 'test_text[\\xe9]': 'passed', test_error: 'failed', 'TestList::test_empty': 'passed',
};
const MOCHA: Readonly<Record<string, Outcome>> = {
  'stands alone': 'passed', 'list > is empty': 'passed', 'list > breaks': 'failed', 'list > is skipped': 'skipped', 'list > inner > is empty': 'passed', 'list > inner > breaks too': 'failed',
};
const LIST: Readonly<Record<string, Outcome>> = { 'list > is empty': 'passed', 'list > breaks': 'failed', 'list > is skipped': 'skipped', 'list > is to come': 'skipped', 'stands alone': 'passed' };
const prefixed = (prefix: string, tests: Readonly<Record<string, Outcome>>): Record<string, Outcome> => Object.fromEntries(Object.entries(tests).map(([id, outcome]) => [prefix + id, outcome]));
const failing = (tests: Readonly<Record<string, Outcome>>): Record<string, Outcome> => Object.fromEntries(Object.entries(tests).filter(([, outcome]) => outcome === 'failed'));
const counted = (run: number, failed: number, skipped: number) => ({ run, failed, skipped });

const NODE_XML = Object.fromEntries(Object.entries(NODE).map(([id, outcome]) => {
  const file = id === 'broken.test.mjs' ? id : 'sum.test.mjs';
  const path = id.includes(' > ') ? id.replace('" > inner > ', '".inner > ').replaceAll('"', '&quot;') : `test > ${id}`; // it escapes twice
  return [`/checkout/${file} > ${path}`, outcome];
}));
const MOCHA_FILE = Object.fromEntries(Object.entries(MOCHA).map(([id, outcome]) => [`/checkout/test/a.js > ${id.replaceAll(' > ', ' ')}`, outcome]));
const MOCHA_XML = Object.fromEntries(Object.entries(MOCHA).map(([id, outcome]) => [`/checkout/test/a.js > ${id.replace('list > inner', 'list inner')}`, outcome]));

describe('a report', () => {
  test.each<readonly [string, Partial<TestReport> & { readonly of: Readonly<Record<string, Outcome>> }]>([
    ['node.tap', { dialect: 'tap', ...counted(7, 3, 2), of: NODE }],
    ['node.xml', { dialect: 'junit', ...counted(7, 3, 2), of: NODE_XML }],
    // It counts the parent of another test as a test too.
    ['node-spec.txt', { dialect: 'node_test', ...counted(8, 3, 2), of: NODE }],
    ['tape.tap', { dialect: 'tap', ...counted(4, 1, 1), of: { 'adds > is two': 'passed', 'adds > should be strictly equal': 'passed', 'adds > should be strictly equal (2)': 'passed', 'breaks > is two': 'failed', 'TODO todo > later': 'skipped' } }],
    ['mocha.tap', { dialect: 'tap', ...counted(5, 2, 1), of: Object.fromEntries(Object.entries(MOCHA).map(([id, outcome]) => [id.replaceAll(' > ', ' '), outcome])) }],
    ['mocha.xml', { dialect: 'junit', ...counted(5, 2, 1), of: MOCHA_XML }],
    ['mocha.json', { dialect: 'mocha_json', ...counted(5, 2, 1), of: MOCHA_FILE }],
    ['mocha-spec.txt', { dialect: 'mocha', ...counted(5, 2, 1), of: MOCHA }],
    ['unittest-verbose.txt', { dialect: 'unittest', ...counted(6, 4, 2), of: UNITTEST, collectionErrors: ['test_broken'] }],
    ['unittest.txt', { dialect: 'unittest', ...counted(6, 4, 2), named: 'failing', of: failing(UNITTEST), collectionErrors: ['test_broken'] }],
    ['pytest-verbose.txt', { dialect: 'pytest', ...counted(7, 3, 2), of: prefixed('pt_case.py::', PYTEST) }],
    ['pytest.txt', { dialect: 'pytest', ...counted(7, 3, 2), named: 'failing', of: failing(prefixed('pt_case.py::', PYTEST)) }],
    ['pytest-broken.txt', { dialect: 'pytest', ...counted(0, 0, 0), of: {}, collectionErrors: ['test_broken.py'] }],
    ['pytest.xml', { dialect: 'junit', ...counted(7, 3, 2), of: Object.fromEntries(Object.entries(PYTEST).map(([id, outcome]) => [id.includes('::') ? `pt_case.${id.replace('::', ' > ')}` : `pt_case > ${id.replace('\\xe9', 'é')}`, outcome])), collectionErrors: ['test_broken'] }],
    ['vitest.json', { dialect: 'jest', ...counted(3, 1, 2), of: prefixed('/checkout/a.test.ts > ', LIST), collectionErrors: ['/checkout/broken.test.ts'] }],
    ['vitest.xml', { dialect: 'junit', ...counted(4, 2, 2), of: { ...prefixed('a.test.ts > ', LIST), 'broken.test.ts > broken.test.ts': 'failed' } }],
    ['vitest.tap', { dialect: 'tap', ...counted(4, 2, 2), of: { ...prefixed('a.test.ts > ', LIST), 'broken.test.ts': 'failed' } }],
    ['jest.json', { dialect: 'jest', ...counted(3, 1, 2), of: prefixed('/checkout/a.test.js > ', LIST), collectionErrors: ['/checkout/broken.test.js'] }],
  ])('E-185 of %s gives each test with its outcome', (name, { of, ...wanted }) => {
    const report = { named: 'all', collectionErrors: [], ...wanted, tests: of };
    expect(seen(readReport(fixture(name)))).toEqual(report);
    expect(seen(readOutput(`\n> demo@1.0.0 test\n> run\n\n${fixture(name)}`)), 'printed behind other lines').toEqual(report);
  });

  test('E-185 a test that begins with ok, and one with a mark in its output, are what they are', () => {
    expect(seen(readReport('TAP version 13\n# Subtest: okay ok\nok 1 - okay ok\n# not ok 2\nnot ok 2 - ok\n1..2\n'))?.tests).toEqual({ 'okay ok': 'passed', ok: 'failed' });
    expect(seen(readReport('TAP version 13\nnot ok 1 - parent\n  ---\n    ok 1 - inside of details\n  ...\n1..1\n'))?.tests).toEqual({ parent: 'failed' });
    expect(readOutput(fixture('node-spec.txt').replace('✔ adds', '✔ printed by a test (1ms)\n✔ adds'))?.named, 'names that do not add up').toBe('none');
    expect(readOutput(fixture('mocha-spec.txt').replace('  list\n', '  list\n    ✔ printed\n'))?.named).toBe('none');
  });

  test('E-180 a parent that fails alone is a test that failed, and a suite without tests is none', () => {
    expect(seen(readReport("TAP version 13\n    ok 1 - child\n    1..1\nnot ok 1 - parent\n  ---\n  type: 'test'\n  ...\nok 2 - empty\n  ---\n  type: 'suite'\n  ...\n1..2\n"))).toMatchObject({ run: 2, failed: 1, tests: { 'parent > child': 'passed', parent: 'failed' } });
  });

  test('E-181 what is skipped, or is to fail, has not run', () => {
    expect(readReport('TAP version 13\nok 1 - a # SKIP\nnot ok 2 - b # TODO\n1..2\n')).toMatchObject({ run: 0, failed: 0, skipped: 2 });
  });

  test('E-681 of several files is their sum, and has names only where all have', () => {
    const [tap, xml] = [readReport(fixture('tape.tap')), readReport(fixture('mocha.xml'))];
    expect(merged([tap, xml].filter((report) => report !== null))).toMatchObject({ dialect: 'tap+junit', run: 9, failed: 3, skipped: 2, named: 'all' });
    const nameless = { ...(tap as TestReport), named: 'none' as const, tests: new Map() };
    expect(merged([nameless, xml as TestReport])).toMatchObject({ run: 9, named: 'none', tests: new Map() });
    expect(merged([])).toBeNull();
  });
});

describe('a damaged report', () => {
  const names = ['node.xml', 'mocha.xml', 'pytest.xml', 'vitest.xml', 'vitest.json', 'jest.json', 'mocha.json'];
  test.each(names)('E-681 %s cut anywhere is none', (name) => {
    const text = fixture(name).trimEnd();
    for (let tenth = 0; tenth < 10; tenth += 1) expect(readReport(text.slice(0, Math.floor((text.length * tenth) / 10))), `${tenth} tenths`).toBeNull();
  });

  test('E-210 a TAP document that ends too early says so', () => {
    const text = fixture('node.tap');
    for (let tenth = 1; tenth < 9; tenth += 1) {
      const report = readReport(text.slice(0, Math.floor((text.length * tenth) / 10)));
      expect(report?.collectionErrors.length, `${tenth} tenths`).toBeGreaterThan(0);
    }
    expect(readReport('TAP version 13\n1..3\nok 1\nok 2\n')?.collectionErrors).toEqual(['the report has 2 of 3 planned tests']);
    expect(readReport('TAP version 13\nok 1\nBail out! no database\n')?.collectionErrors).toContain('Bail out! no database');
  });

  test.each([
    ['entities', `<!DOCTYPE x [<!ENTITY a "${'x'.repeat(100)}">${Array.from({ length: 30 }, (_, n) => `<!ENTITY a${n + 1} "&a${n === 0 ? '' : n};&a${n === 0 ? '' : n};">`).join('')}]><testsuite><testcase name="&a30;"/></testsuite>`],
    ['an outer file', '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&a;"/></testsuite>'],
    ['an unknown entity', '<testsuite><testcase name="&a;"/></testsuite>'],
    ['another document', '<html><body>not found</body></html>'],
    ['elements without end', '<testsuite>'.repeat(200_000)],
    ['brackets without end', '['.repeat(1_000_000)],
    ['objects without end', '{"testResults":'.repeat(200_000)],
    ['nothing', ''], ['numbers', '42'], ['null', 'null'], ['JSON of something else', '{"testResults":{}}'],
  ])('E-681 one made of %s is none, and is refused in no time to speak of', (_what, text) => {
    const before = performance.now();
    expect(readReport(text)).toBeNull();
    expect(performance.now() - before).toBeLessThan(2000);
  });

  test('E-180 more names than can be kept are given up, their number is not', () => {
    const text = `TAP version 13\n${'ok\n'.repeat(NAMES_MAX + 1)}1..${NAMES_MAX + 1}\n`;
    expect(readReport(text)).toMatchObject({ run: NAMES_MAX + 1, named: 'none', tests: new Map() });
  });

  test('E-681 whatever it holds, a report is read without an exception and its numbers hold together', () => {
    const piece = fc.constantFrom('TAP version 13\n', '1..2\n', 'ok 1 - a\n', 'not ok 2 - b # TODO\n', '    ok 1 - c {\n', '}\n', '  }\n', '  ---\n', '  ...\n', '✔ a (1ms)\n', '▶ s\n', '  ✖ b (2ms)\n', 'ℹ tests 2\n', 'ℹ suites 1\n', 'test_a (m.C.test_a) ... ', 'ok\n', '======================================================================\n', 'FAIL: test_a (m.C.test_a)\n', 'Ran 2 tests in 1s\n', 'FAILED (failures=1)\n', 'a.py::b PASSED\n', 'FAILED a.py::b - x\n', '== 1 failed, 1 passed in 1s ==\n', '  1 passing\n', '  1) a\n', '<testsuite>', '<testcase name="a"/>', '</testsuite>\n', '{"testResults":[]}\n', '__proto__\n', '\u0000');
    fc.assert(fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      for (const report of [readReport(pieces.join('')), readOutput(pieces.join(''))]) {
        if (report === null) continue;
        expect(report.failed).toBeLessThanOrEqual(report.run);
        expect(Math.min(report.run, report.failed, report.skipped)).toBeGreaterThanOrEqual(0);
        if (report.named === 'none') expect(report.tests.size).toBe(0);
      }
    }), { numRuns: 2000 });
  });

  test.each(['not ok ', '    ok {\n', '  ---\n', '✔ ', '▶ a\n', 'test_a (', 'a.py::', '::', '  ', ' - ', 'FAILED a::b[ - ', '<a ', '<testcase ', '{', '}\n', '=', '#', 'Tests ', '1..'])('E-185 an output of nothing but %j is read in no time to speak of', (unit) => {
    const before = performance.now();
    for (const head of ['', 'TAP version 13\n', 'Ran 2 tests in 1s\n', '== 1 failed in 1s ==\n=== short test summary info ===\n', '{\n', '<testsuite>\n']) readOutput(`${head}${unit.repeat(300_000 / unit.length)}\nℹ tests 2\n  2 passing\n}\n`);
    expect(performance.now() - before).toBeLessThan(4000);
  });
});
