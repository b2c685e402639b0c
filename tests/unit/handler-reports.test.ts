// runTests with real git and real runners: a small repository each of node:test and of python's unittest, and what is
// told of a tree against its base.

import { execFileSync } from 'node:child_process';
import { rmSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { judgeCheck, NO_BASELINE, type TestResult } from '#src/domain/check.ts';
import { storedReport } from '#src/domain/reports/stored.ts';
import type { Ref } from '#src/record/ref.ts';
import { sceneOf, type Scene } from '#tests/support/hands.ts';
import { temporary } from '#tests/support/user-repository.ts';

vi.setConfig({ testTimeout: 60_000 });

const outside = temporary('autopack-outside-');
afterAll(() => rmSync(outside, { recursive: true, force: true }));
const PYTHON = ['/usr/bin/python3', 'python3'].find((file) => {
  try {
    return execFileSync(file, ['--version']).toString().startsWith('Python 3.');
  } catch {
    return false;
  }
});

interface Runner {
  readonly name: string;
  readonly command: readonly string[];
  readonly report?: string;
  readonly coverage?: string;
  readonly source: string;
  readonly tests: string;
  /** The text of a source whose sum is `+`, or is wrong. */
  sum(operator: string): string;
  testsOf(names: Readonly<Record<string, string>>): string;
  readonly dialect: string;
  readonly idOf: (name: string) => string;
  readonly skipping: readonly [from: string, to: string];
}

const NODE_TEST: Pick<Runner, 'source' | 'tests' | 'sum' | 'testsOf' | 'skipping'> = {
  source: 'sum.js', tests: 'test/sum.test.js',
  sum: (operator) => `exports.sum = (a, b) => a ${operator} b;\n`,
  testsOf: (names) => `const assert = require('node:assert');\nconst { test } = require('node:test');\nconst { sum } = require('../sum.js');\n${Object.entries(names).map(([name, line]) => `test('${name}', () => { ${line} });\n`).join('')}`,
  skipping: ["test('adds'", "test.skip('adds'"],
};
const UNITTEST: Pick<Runner, 'source' | 'tests' | 'sum' | 'testsOf' | 'skipping'> = {
  source: 'total.py', tests: 'test_sum.py',
  sum: (operator) => `def sum_of(a, b):\n    return a ${operator} b\n`,
  testsOf: (names) => `import os\nimport unittest\nfrom total import sum_of\n\nclass SumTest(unittest.TestCase):\n${Object.entries(names).map(([name, line]) => `    def test_${name}(self):\n        ${line}\n`).join('')}`,
  skipping: ['    def test_adds', '    @unittest.skip("")\n    def test_adds'],
};

const RUNNERS: readonly Runner[] = [
  { name: 'node:test as people see it', ...NODE_TEST, command: ['node', '--test', '--test-reporter=spec'], dialect: 'node_test', idOf: (name) => name },
  { name: 'node:test in TAP', ...NODE_TEST, command: ['node', '--test', '--experimental-test-coverage', '--test-reporter=tap', '--test-reporter-destination=stdout', '--test-reporter=lcov', '--test-reporter-destination=lcov.info'], coverage: 'lcov.info', dialect: 'tap', idOf: (name) => name },
  { name: 'node:test in a file of JUnit', ...NODE_TEST, command: ['node', '--test', '--test-reporter=junit', '--test-reporter-destination=report.xml'], report: 'report.xml', dialect: 'junit', idOf: (name) => `./test/sum.test.js > test > ${name}` },
  ...(PYTHON === undefined ? [] : [{ name: 'unittest with names', ...UNITTEST, command: [PYTHON, '-m', 'unittest', '-v'], dialect: 'unittest', idOf: (name: string) => `test_sum.SumTest.test_${name}` }]),
];

const isPython = ({ source }: Runner): boolean => source.endsWith('.py');
const adds = (runner: Runner): string => (isPython(runner) ? 'self.assertEqual(sum_of(1, 2), 3)' : 'assert.equal(sum(1, 2), 3);');
const zero = (runner: Runner): string => (isPython(runner) ? 'self.assertEqual(sum_of(1, 0), 1)' : 'assert.equal(sum(1, 0), 1);');
const wrong = (runner: Runner): string => (isPython(runner) ? 'self.assertEqual(sum_of(1, 2), 4)' : 'assert.equal(sum(1, 2), 4);');

test('python is at hand, so that unittest is tried', () => {
  expect(PYTHON).toBeDefined();
});

/** The tests of one runner share its repository; the runners go side by side, for mostly they wait for processes. */
const inLine = { concurrent: false };

describe.concurrent.each(RUNNERS.map((runner) => [runner.name, runner] as const))('%s', (_name, runner) => {
  let scene: Scene;
  let base: TestResult;
  const old = (): Record<string, string> => ({ adds: adds(runner), zero: zero(runner), wrong: wrong(runner) });
  beforeAll(async () => {
    // The stale report says that all is well.
    const stale = runner.report === undefined ? {} : { [runner.report]: '<testsuites><testcase name="stale"/></testsuites>' };
    scene = await sceneOf({ [runner.source]: runner.sum('+'), [runner.tests]: runner.testsOf(old()), ...stale }, {
      ci: { command: runner.command, timeout_seconds: 30, new_tests_must_fail_before: true, ...(runner.coverage === undefined ? {} : { coverage: runner.coverage }), ...(runner.report === undefined ? {} : { report: runner.report }) }, phases: [{ phase_id: 'p1', scope: { paths: ['test/'] } }],
    });
    base = (await scene.perform('runTests', { phase: null, attempt: 0, tree: scene.tree, base: null, baseline: null })).data as unknown as TestResult;
  });
  afterAll(() => scene.remove());

  const treeOf = async (writes: Readonly<Record<string, string | null>>): Promise<string> => {
    const made = await scene.hands.workspace.applyFiles(scene.tree, Object.entries(writes).map(([path, content]) => ({ path, content })));
    if (!made.ok) throw new Error(made.problems.join());
    return made.tree;
  };
  const tried = async (writes: Readonly<Record<string, string | null>>) => {
    const { data } = await scene.perform('runTests', { phase: 'p1', attempt: 1, tree: await treeOf(writes), base: scene.base, baseline: base.report });
    const result = data as unknown as TestResult & { readonly message: string; readonly comparison: Ref | null };
    const baseline = { ...NO_BASELINE, ...base, status: 'failed' as const };
    return { result, verdict: judgeCheck(result, baseline, { highRisk: false, allowWeakerTests: false }), names: result.comparison === null ? null : JSON.parse(await scene.text(result.comparison)) as Record<string, string[]> };
  };
  const tests = (changes: Readonly<Record<string, string>>): string => runner.testsOf({ ...old(), ...changes });

  test('E-183 the base is told by name, with what fails there', inLine, async () => {
    expect(base).toMatchObject({ ended: 'exited', exitCode: 1, testsRun: 3, testsFailed: 1, collectionErrors: 0, dialect: runner.dialect, reportMissing: false, compared: null });
    const report = storedReport(await scene.text(base.report));
    expect(Object.fromEntries(report.tests)).toEqual({ [runner.idOf('adds')]: 'passed', [runner.idOf('zero')]: 'passed', [runner.idOf('wrong')]: 'failed' });
  });

  test('E-680 what failed at T0 and still fails does not block, and what passes now is told', inLine, async () => {
    const same = await tried({ [runner.source]: `${runner.sum('+')}\n` });
    expect(same.verdict).toEqual({ passed: true, reason: 'failing_as_before', findings: [{ kind: 'still_failing', count: 1 }] });
    const mended = await tried({ [runner.tests]: runner.testsOf({ adds: adds(runner), zero: zero(runner), wrong: adds(runner) }) });
    expect(mended).toMatchObject({ verdict: { passed: true, reason: 'exit_0' }, names: { newlyPassing: [runner.idOf('wrong')] } });
  });

  test('E-680 what fails only now, and when it is run again, blocks and is named', inLine, async () => {
    const { result, verdict, names } = await tried({ [runner.source]: runner.sum('-') });
    expect(verdict).toMatchObject({ passed: false, reason: 'newly_failing' });
    expect(names?.['newlyFailing']).toEqual([runner.idOf('adds')]);
    expect(result).toMatchObject({ againExitCode: 1, compared: { newlyFailing: 1, stillFailing: 1 } });
    expect(result.message).toContain(`newly failing: ${runner.idOf('adds')}`);
  });

  test('E-680 what passes when it is run again is a flaky suspect and no failure', inLine, async () => {
    const once = join(outside, runner.name.replaceAll(/\W/g, '-'));
    const line = isPython(runner)
      ? `f = ${JSON.stringify(once)}; e = os.path.exists(f); open(f, 'w').close(); self.assertTrue(e)`
      : `const fs = require('node:fs'); const f = ${JSON.stringify(once)}; const e = fs.existsSync(f); fs.writeFileSync(f, ''); assert.ok(e); assert.equal(sum(1, 0), 1);`;
    const { verdict, names } = await tried({ [runner.tests]: tests({ zero: line }) });
    expect(existsSync(once)).toBe(true);
    expect(verdict).toMatchObject({ passed: true });
    expect(verdict.findings).toContainEqual({ kind: 'flaky_tests', count: 1 });
    expect(names?.['flaky']).toEqual([runner.idOf('zero')]);
  });

  test('E-183 a deleted, a skipped and a weakened test fail', inLine, async () => {
    const nothing = isPython(runner) ? 'pass' : '';
    const cases: readonly (readonly [string, string])[] = [
      [runner.testsOf({ adds: `${adds(runner)}; ${zero(runner)}`, wrong: wrong(runner) }), 'deleted_tests'],
      [tests({}).replace(...runner.skipping), 'new_skips'],
      [tests({ adds: nothing }), 'weakened_tests'],
      [tests({ adds: isPython(runner) ? 'self.assertTrue(True)' : 'assert.ok(true);' }), 'weakened_tests'],
    ];
    for (const [text, reason] of cases) expect((await tried({ [runner.tests]: text })).verdict, text).toMatchObject({ passed: false, reason });
  });

  test('E-181 E-210 tests that cannot be loaded, or are gone altogether, fail', inLine, async () => {
    expect((await tried({ [runner.tests]: `${tests({})}\n(((\n` })).verdict.passed).toBe(false);
    expect((await tried({ [runner.tests]: null })).verdict.passed).toBe(false);
  });

  test('E-184 a new test must fail without the rest of the change, which is tried on the base', inLine, async () => {
    const more = isPython(runner) ? 'def twice(a):\n    return 2 * a\n' : 'exports.twice = (a) => 2 * a;\n';
    const twice = isPython(runner) ? 'import total; self.assertEqual(total.twice(2), 4)' : "assert.equal(require('../sum.js').twice(2), 4);";
    const source = runner.sum('+') + more;
    const good = await tried({ [runner.source]: source, [runner.tests]: tests({ twice }) });
    expect(good).toMatchObject({ result: { newTests: { tried: 1, passedBefore: 0 } }, verdict: { passed: true } });
    const bad = await tried({ [runner.source]: source, [runner.tests]: tests({ twice, more: adds(runner) }) });
    expect(bad).toMatchObject({ result: { newTests: { tried: 2, passedBefore: 1 } }, verdict: { passed: false, reason: 'new_tests_pass_before' } });
    expect((await tried({ [runner.tests]: tests({ more: adds(runner) }) })).result.newTests, 'tests alone').toBeNull();
    expect((await tried({ [runner.source]: source })).result.newTests, 'no tests').toBeNull();
  });

  test.each([runner.coverage].filter((given) => given !== undefined))('E-174 coverage is that of the report, less where a line is not tried, and unknown where there is none', inLine, async () => {
    const whole = base.coverageBp ?? 0;
    expect(whole).toBeGreaterThan(9000);
    const poorer = await tried({ [runner.source]: `${runner.sum('+')}exports.more = () => {\n${'  void 0;\n'.repeat(20)}};\n` });
    expect(poorer.result.coverageBp).toBeGreaterThan(0);
    expect(poorer.result.coverageBp).toBeLessThan(whole - 200);
    expect((await tried({ [runner.tests]: `process.kill(process.ppid, 'SIGKILL');` })).result.coverageBp).toBeNull();
  });

  test.each([runner.report].filter((given) => given !== undefined))('E-681 a report that this run did not write, or that is a link, is not believed', inLine, async () => {
    const quiet = await tried({ [runner.tests]: `require('node:fs').rmSync('report.xml', { force: true });process.kill(process.ppid, 'SIGKILL');` });
    expect(quiet.result).toMatchObject({ reportMissing: true, report: null, compared: null });
    expect(quiet.verdict.passed).toBe(false);
    const elsewhere = join(outside, 'elsewhere.xml');
    writeFileSync(elsewhere, '<testsuites><testcase name="x"/></testsuites>');
    const linked = await tried({ [runner.tests]: `process.on('exit', () => {}); const fs = require('node:fs'); fs.rmSync('report.xml', { force: true }); fs.symlinkSync(${JSON.stringify(elsewhere)}, 'report.xml');` });
    expect(linked.result).toMatchObject({ reportMissing: true, report: null });
  });
});

test('E-681 a report that lies in the tree and is not written anew is missing, as is its coverage', async () => {
  const stale = { 'report.xml': '<testsuites><testcase name="stale"/></testsuites>', 'lcov.info': 'SF:a\nDA:1,1\nend_of_record\n' };
  const scene = await sceneOf(stale, { ci: { command: ['true'], report: 'report.xml', coverage: 'lcov.info' }, phases: [{ phase_id: 'p1' }] });
  const { data } = await scene.perform('runTests', { phase: null, attempt: 0, tree: scene.tree, base: null, baseline: null });
  expect(data).toMatchObject({ exitCode: 0, testsRun: null, reportMissing: true, report: null, coverageBp: null });
  scene.remove();
});
