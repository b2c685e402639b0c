// Marked lines
// ============
// mocha and node:test as they print for people: a mark and a name for each test, indented below its suites. Believed
// only where the marks add up to the numbers below them.

import { gathering, type Outcome, type TestReport } from './report.ts';
import { readSummary } from './summaries.ts';

interface Line { readonly depth: number; readonly name: string; readonly mark: Outcome | 'open' }

const indentOf = (line: string): number => line.length - line.trimStart().length;

// node:test

const NODE_MARKS = new Map<string, Outcome | 'open'>([['✔', 'passed'], ['✖', 'failed'], ['﹣', 'skipped'], ['⚠', 'skipped'], ['▶', 'open']]);
const NODE_LINE = /^ *(?:(▶) (.*)|([✔✖﹣⚠]) (.*) \(\d+(?:\.\d+)?ms\)(?: # .*)?)$/u;

export function readNodeTest(output: string): TestReport | null {
  const end = [...output.matchAll(/^ℹ tests +\d+$/gm)].at(-1)?.index;
  const summary = readSummary(output);
  if (end === undefined || summary === null) return null;
  const of = (word: string): number => Number(new RegExp(`^ℹ ${word} +(\\d+)$`, 'm').exec(output.slice(end))?.[1] ?? 0);
  const all = gathering();
  const marks = nodeTests(output.slice(0, end).split('\n').flatMap(nodeLine), all);
  const { named, tests } = all.report('node_test');
  const isWhole = named === 'all' && marks === of('tests') + of('suites');
  return { ...summary, named: isWhole ? 'all' : 'none', tests: isWhole ? tests : new Map(), collectionErrors: [] };
}

function nodeLine(line: string): Line[] {
  const [, open, opened, mark = open ?? '', name = opened ?? ''] = NODE_LINE.exec(line) ?? [];
  const kind = NODE_MARKS.get(mark);
  return kind === undefined ? [] : [{ depth: indentOf(line) / 2, name, mark: kind }];
}

/** A parent is marked twice, when it opens and when it is done. @returns how many are done, suites among them. */
function nodeTests(lines: readonly Line[], all: ReturnType<typeof gathering>): number {
  const open: { readonly depth: number; readonly name: string; fails: boolean }[] = [];
  let done = 0;
  for (const { depth, name, mark } of lines) {
    if (mark === 'open') {
      open.push({ depth, name, fails: false });
      continue;
    }
    done += 1;
    const parent = open.at(-1);
    const closes = parent?.depth === depth && parent.name === name;
    if (closes) open.pop();
    const path = [...open.map((suite) => suite.name), name];
    if (!closes || (mark === 'failed' && !parent.fails)) all.add(path, mark);
    const above = open.at(-1);
    if (mark === 'failed' && above !== undefined) above.fails = true;
  }
  return done;
}

// mocha

const MOCHA_LINE = /^ {2,}(?:([✔✓-]) |(\d+)\) )?(.*?)(?: \((?:\d+|#)(?:ms|s)?\))?$/u;

export function readMochaSpec(output: string): TestReport | null {
  const end = [...output.matchAll(/^ {2}\d+ passing\b/gm)].at(-1)?.index;
  const summary = readSummary(output);
  if (end === undefined || summary?.dialect !== 'mocha') return null;
  const all = gathering();
  const suites: string[] = [];
  for (const line of output.slice(0, end).split('\n')) {
    const found = line.trim() === '' ? null : MOCHA_LINE.exec(line);
    if (found === null) continue;
    const [, mark, number, name = ''] = found;
    const depth = Math.floor(indentOf(line) / 2) - 1;
    if (mark === undefined && number === undefined) {
      suites.length = Math.min(suites.length, depth);
      suites[depth] = name;
    } else {
      const parents = suites.slice(0, depth).map((suite) => suite ?? '');
      all.add([...parents, name], number !== undefined ? 'failed' : mark === '-' ? 'skipped' : 'passed');
    }
  }
  const { named, tests, run, failed, skipped } = all.report('mocha');
  const isWhole = named === 'all' && run === summary.run && failed === summary.failed && skipped === summary.skipped;
  return { ...summary, named: isWhole ? 'all' : 'none', tests: isWhole ? tests : new Map(), collectionErrors: [] };
}
