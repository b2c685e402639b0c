// pytest in text
// ==============
// `-v` names every test while it runs, `-rA` most of them afterwards; without either the short summary names what failed.

import { gathering, type Outcome, type TestReport } from './report.ts';
import { readSummary } from './summaries.ts';

const OUTCOMES = new Map<string, Outcome>([['PASSED', 'passed'], ['XPASS', 'passed'], ['FAILED', 'failed'], ['ERROR', 'failed'], ['SKIPPED', 'skipped'], ['XFAIL', 'skipped']]);
const WORDS = [...OUTCOMES.keys()].join('|');
/** `path::test PASSED [ 50%]`, and `[gw0] [ 50%] PASSED path::test` of several workers. */
const VERBOSE = new RegExp(`^(\\S[^\\n]*?::[^\\n]*?) (${WORDS})(?: \\([^\\n]*\\))?(?: +\\[ *\\d+%\\])?$`);
const WORKER = new RegExp(`^\\[gw\\d+\\] \\[ *\\d+%\\] (${WORDS}) (\\S.*::.*?) *$`);
const SHORT = /^(PASSED|XPASS|FAILED|ERROR|XFAIL) (\S.*)$/;

export function readPytest(output: string): TestReport | null {
  const summary = readSummary(output);
  const lines = output.split('\n');
  const broken = lines.flatMap((line) => /^ERROR (?:collecting )?([^\s:]+\.py)(?: - .*)?$/.exec(line)?.[1] ?? []);
  if (summary?.dialect !== 'pytest') return broken.length > 0 && /^=+ .*\berrors? in [\d#]/m.test(output) ? unable(broken) : null;
  const told = verbose(lines);
  const short = shortly(lines, told);
  const [ran, errors] = [summary.run - new Set(broken).size, new Set(broken)];
  const names = [told, short].find((tests) => tests.size > 0 && tests.size === ran + summary.skipped);
  const failing = new Map([...short].filter(([, outcome]) => outcome === 'failed'));
  const isNamed = failing.size > 0 || summary.failed === errors.size;
  const all = gathering();
  for (const [id, outcome] of names ?? failing) all.add([id], outcome);
  for (const name of errors) all.broken(name);
  const { tests, collectionErrors } = all.report('pytest');
  return { ...summary, run: Math.max(0, ran), failed: Math.max(0, summary.failed - errors.size), named: names !== undefined ? 'all' : isNamed ? 'failing' : 'none', tests, collectionErrors };
}

function unable(broken: readonly string[]): TestReport {
  const all = gathering();
  for (const name of broken) all.broken(name);
  return all.report('pytest');
}

/** The worst that was said of a test: one may pass and then fail to end. */
function put(tests: Map<string, Outcome>, id: string, word: string): void {
  const outcome = OUTCOMES.get(word) ?? 'failed';
  if (tests.get(id) !== 'failed') tests.set(id, outcome);
}

function verbose(lines: readonly string[]): Map<string, Outcome> {
  const tests = new Map<string, Outcome>();
  for (const line of lines) {
    const [, id = '', word = ''] = VERBOSE.exec(line) ?? [];
    const [, late = '', other = ''] = WORKER.exec(line) ?? [];
    if (other !== '') put(tests, other, late);
    else if (id !== '') put(tests, id, word);
  }
  return tests;
}

function shortly(lines: readonly string[], known: ReadonlyMap<string, Outcome>): Map<string, Outcome> {
  const tests = new Map<string, Outcome>();
  const from = lines.findLastIndex((line) => /^=+ short test summary info =+$/.test(line));
  for (const line of from < 0 ? [] : lines.slice(from)) {
    const [, word = '', rest = ''] = SHORT.exec(line) ?? [];
    if (rest.includes('::')) put(tests, idIn(rest, known), word);
  }
  return tests;
}

/** `id - message`: both may have a dash in them. */
function idIn(rest: string, known: ReadonlyMap<string, Outcome>): string {
  const ends = [...rest.matchAll(/ - |$/g)].map(({ index }) => rest.slice(0, index));
  const ofParameters = ends.find((end) => !end.includes('[') || end.endsWith(']'));
  return ends.find((end) => known.has(end)) ?? ofParameters ?? rest;
}
