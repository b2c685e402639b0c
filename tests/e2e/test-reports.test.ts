// What the tests of a repository say by name, end to end: a plan of two phases on a small project each of node:test and
// of python's unittest whose base fails already. What hides behind equal numbers never reaches the branch.

import { existsSync, writeFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import type { RunRecord } from '#src/record/record.ts';
import { aftermath, autopack, linesOf, makePlace, removePlace, runArgs, theirs, writeAnswers, type Answer } from '#tests/support/e2e.ts';

vi.setConfig({ testTimeout: 120_000 });

interface Project {
  readonly name: string;
  readonly command: readonly string[];
  readonly source: string;
  readonly tests: string;
  readonly sum: (operator: string) => string;
  readonly testsOf: (lines: Readonly<Record<string, readonly [a: number, b: number, sum: number]>>) => string;
}

/** One below a home folder is out of sight of what runs in a sandbox. */
const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

const PROJECTS: readonly Project[] = [
  {
    name: 'node:test', command: ['node', '--test'], source: 'sum.js', tests: 'sum.test.js',
    sum: (operator) => `exports.sum = (a, b) => a ${operator} b;\n`,
    testsOf: (lines) => `const assert = require('node:assert');\nconst { test } = require('node:test');\nconst { sum } = require('./sum.js');\n${Object.entries(lines).map(([name, [a, b, sum]]) => `test('${name}', () => assert.equal(sum(${a}, ${b}), ${sum}));\n`).join('')}`,
  },
  {
    name: 'unittest', command: [PYTHON, '-m', 'unittest', '-v'], source: 'total.py', tests: 'test_total.py',
    sum: (operator) => `def total(a, b):\n    return a ${operator} b\n`,
    testsOf: (lines) => `import unittest\nfrom total import total\n\n\nclass TotalTest(unittest.TestCase):\n${Object.entries(lines).map(([name, [a, b, sum]]) => `    def test_${name}(self):\n        self.assertEqual(total(${a}, ${b}), ${sum})\n`).join('\n')}`,
  },
];

/** Enough of them, so that one is a small part of the file. */
const OTHERS = Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`nothing${n}`, [0, 0, 0] as const]));
const OLD = { ...OTHERS, adds: [1, 2, 3], zero: [0, 0, 0], wrong: [1, 2, -1] } as const;

test.concurrent.each(PROJECTS.map((project) => [project.name, project] as const))('E-184 E-680 %s: a new failure in the place of an old one, and a test that is gone, never reach the branch; what a phase tested is the baseline of the next', async (_name, project) => {
  const { source, tests, sum, testsOf } = project;
  const place = makePlace({ [source]: sum('+'), [tests]: testsOf(OLD) });
  const paths = { scope: { paths: [source, tests] }, acceptance_criteria: ['the tests pass'] };
  writeFileSync(place.plan, JSON.stringify({ run_id: place.run, ci: { command: project.command, timeout_seconds: 60 }, phases: [{ phase_id: 'p1', ...paths }, { phase_id: 'p2', dependencies: ['p1'], ...paths }] }));
  const answer = (phase: string, attempt: number, files: Readonly<Record<string, string>>): Answer =>
    ({ role: 'builder', phase, attempt, json: { summary: `${phase} ${attempt}`, files: Object.entries(files).map(([path, new_content]) => ({ path, mode: 'modify', new_content })) }, usage: { input: 10, output: 10 } });
  const mended = { ...OLD, wrong: [1, 2, 3], tens: [10, 20, 30] } as const;
  writeAnswers(place, [
    answer('p1', 1, { [source]: sum('-') }), // `wrong` passes, `adds` fails: as many as before
    answer('p1', 2, { [tests]: testsOf({ ...OTHERS, adds: OLD.adds, wrong: OLD.wrong }) }),
    // Where two attempts fail alike a new description is asked for.
    { role: 'planner', phase: 'p1', json: { description: 'mend the test that is wrong and keep the others', reason: 'they failed alike' }, usage: { input: 10, output: 10 } },
    answer('p1', 3, { [tests]: testsOf(mended) }),
    answer('p2', 1, { [source]: `${sum('+')}\n`, [tests]: testsOf({ ...OLD, wrong: [1, 2, 3] }) }), // as many as the base of the run
    answer('p2', 2, { [tests]: testsOf({ ...mended, more: [2, 2, 4] }) }),
  ]);
  const before = theirs(place.repo.root);
  const finished = await autopack(place, runArgs(place));
  expect(finished.code, finished.err).toBe(0);
  const facts = linesOf(await autopack(place, ['log', place.run, '--json'])).flatMap((line) => (line as unknown as { readonly record: RunRecord }).record.facts);
  expect(facts.filter(({ type }) => type === 'check.judged').map(({ data }) => [data['passed'], data['reason']])).toEqual([
    [false, 'newly_failing'], [false, 'deleted_tests'], [true, 'exit_0'], [false, 'deleted_tests'], [true, 'exit_0'],
  ]);
  expect(place.repo.git('show', `autopack/run-${place.run}:${tests}`)).toBe(testsOf({ ...mended, more: [2, 2, 4] }).trimEnd());
  expect(await aftermath(place, before)).toEqual({ left: [], touched: [], verified: true });
  removePlace(place);
});
