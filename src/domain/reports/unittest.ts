// unittest in text
// ================
// `-v` names every test, without it only what failed is named. Subtests count as their test, a module that cannot be
// imported is no test.

import { gathering, type Outcome, type TestReport } from './report.ts';
import { readSummary } from './summaries.ts';

const START = /^(\w+) \(([\w.]+)\)(.*)$/;
const END = /(?:^|\.\.\. ?)(ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$/;
const BLOCK = /^(FAIL|ERROR|UNEXPECTED SUCCESS): (\w+) \(([\w.]+)\)/;
const RULE = /^={70}$/;

export function readUnittest(output: string): TestReport | null {
  const summary = readSummary(output);
  if (summary?.dialect !== 'unittest') return null;
  const lines = output.split('\n');
  const { failing, broken } = blocks(lines);
  const told = listed(lines, failing);
  const all = gathering();
  for (const name of broken) all.broken(name);
  // What `Ran` counts are tests and modules that failed to load; fixtures of classes that failed are neither.
  const isWhole = told.size + broken.size === summary.run + summary.skipped && told.size > 0;
  for (const [id, outcome] of isWhole ? told : new Map([...failing].map((id) => [id, 'failed'] as const))) all.add([id], outcome);
  const { tests, collectionErrors } = all.report('unittest');
  return { ...summary, run: Math.max(0, summary.run - broken.size), failed: Math.max(0, summary.failed - broken.size), named: isWhole ? 'all' : 'failing', tests, collectionErrors };
}

/** Before 3.11 the method is not in the path: it is there afterwards. */
const idFor = (method: string, path: string): string => (path.endsWith(`.${method}`) ? path : `${path}.${method}`);

function blocks(lines: readonly string[]): { readonly failing: ReadonlySet<string>; readonly broken: ReadonlySet<string> } {
  const [failing, broken] = [new Set<string>(), new Set<string>()];
  for (const [at, line] of lines.entries()) {
    const found = RULE.test(lines[at - 1] ?? '') ? BLOCK.exec(line) : null;
    if (found === null) continue;
    const [, , method = '', path = ''] = found;
    if (/^unittest\.loader\._FailedTest\b/.test(path)) broken.add(method);
    else failing.add(idFor(method, path));
  }
  return { failing, broken };
}

function listed(lines: readonly string[], failing: ReadonlySet<string>): ReadonlyMap<string, Outcome> {
  const told = new Map<string, Outcome>();
  let current: string | null = null;
  for (const line of lines) {
    if (RULE.test(line)) break;
    const [, method = '', path = ''] = START.exec(line) ?? [];
    if (method !== '') current = /^unittest\.loader\._FailedTest\b/.test(path) ? null : idFor(method, path);
    const said = END.exec(line)?.[1];
    if (current !== null && (said !== undefined || failing.has(current))) told.set(current, failing.has(current) ? 'failed' : outcomeOf(said ?? ''));
    if (said !== undefined) current = null;
  }
  return told;
}

const outcomeOf = (said: string): Outcome => (said === 'ok' ? 'passed' : said.startsWith('skipped') || said === 'expected failure' ? 'skipped' : 'failed');
