// TAP
// ===
// Versions 12 to 14 with nested tests: node:test, tape, tap, mocha. A test is a point without points of its own; a
// parent that fails alone is one too. Less points than planned, or no plan, is no whole report.

import { gathering, type Gathering, type Outcome, type TestReport } from './report.ts';

interface Point { readonly name: string; readonly outcome: Outcome; readonly children: Point[]; isSuite: boolean }

const DEPTH_MAX = 40;
const POINT = /^( *)(not )?ok\b(?: +\d+)?(?: +-(?= ))? *(.*)$/;
const PLAN = /^1\.\.(\d+)(?: *#.*)?$/;
const DIRECTIVE = /(?:^| )# *(?:skip|todo)\b/i;
/** What a runner adds as comments of its own. */
const SUMMARY = /^# (?:(?:tests|suites|pass|fail|cancelled|skipped|skip|todo|failed|duration_ms|time) |ok$|Subtest:)/;

export const isTap = (text: string): boolean => /^TAP version 1\d$/m.test(text) || (/^1\.\.\d+/m.test(text) && /^(?:not )?ok \d/m.test(text));

export function readTap(text: string): TestReport | null {
  if (!isTap(text)) return null;
  const all = gathering();
  // Commands in a row say each their own document.
  const documents = text.split(/^TAP version 1\d$/m);
  const spoken = documents.length === 1 ? documents : documents.slice(1);
  for (const document of spoken) readDocument(document.split('\n'), all);
  return all.report('tap');
}

function readDocument(lines: readonly string[], all: Gathering): void {
  const levels: Point[][] = [];
  // tape names its tests in comments; others print the tests' own output there.
  const isGrouped = !lines.some((line) => /^ *# Subtest:/.test(line));
  let [planned, group, last]: [number | null, string, Point | null] = [null, '', null];
  let braces = 0;
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? '';
    const point = pointOf(line);
    if (point !== null) {
      const children = point.opens ? [] : (levels[point.depth + 1] ?? []);
      last = { ...point.said, name: point.depth === 0 && group !== '' ? `${group} > ${point.said.name}` : point.said.name, children };
      levels.length = Math.min(levels.length, point.depth + 1);
      for (let depth = levels.length; depth <= point.depth; depth += 1) levels.push([]);
      levels[point.depth]?.push(last);
      if (point.opens) braces = levels.push(children);
    } else if (braces > 0 && /^(?: {4})*\}$/.test(line)) {
      levels.length = Math.min(levels.length, (line.length - 1) / 4 + 1);
    } else if (/^ *---$/.test(line) && last !== null) {
      const end = endOfBlock(lines, at);
      if (lines.slice(at, end).some((inner) => /^ *type: '?suite'?$/.test(inner))) last.isSuite = true;
      at = end;
    } else if (PLAN.test(line)) {
      planned = Number(PLAN.exec(line)?.[1]);
    } else if (line.startsWith('Bail out!')) {
      all.broken(line);
    } else if (isGrouped && /^# \S/.test(line) && !SUMMARY.test(line)) {
      group = line.slice(2).trim();
    }
  }
  const top = levels[0] ?? [];
  for (const point of top) flatten(point, [], all);
  if (planned === null) all.broken('the report has no plan: it is not whole');
  else if (planned !== top.length) all.broken(`the report has ${top.length} of ${planned} planned tests`);
}

/** `opens`: its own points follow it in braces; without they stand before it. */
function pointOf(line: string): { readonly depth: number; readonly opens: boolean; readonly said: Omit<Point, 'children'> } | null {
  const found = POINT.exec(line);
  if (found === null) return null;
  const [, indent = '', not, rest = ''] = found;
  const depth = indent.length / 4;
  if (!Number.isInteger(depth) || depth > DEPTH_MAX) return null;
  const directive = DIRECTIVE.exec(rest);
  const opens = rest.endsWith(' {');
  const name = (directive === null ? rest : rest.slice(0, directive.index)).replace(/ \{$/, '').replace(/ +# time=\S+$/, '').trim().replace(/\\([\\#])/g, '$1');
  return { depth, opens, said: { name, outcome: directive !== null ? 'skipped' : not === undefined ? 'passed' : 'failed', isSuite: false } };
}

/** Of a block of details, which may hold anything; one that never ends hides the rest. */
function endOfBlock(lines: readonly string[], start: number): number {
  const closing = (lines[start] ?? '').replace('---', '...');
  const found = lines.indexOf(closing, start);
  return found < 0 ? lines.length : found;
}

function flatten(point: Point, parents: readonly string[], all: Gathering): boolean {
  const path = [...parents, point.name];
  const fails = point.children.map((child) => flatten(child, path, all)).includes(true);
  const isLeaf = point.children.length === 0 && (!point.isSuite || point.outcome === 'failed');
  if (isLeaf || (point.outcome === 'failed' && !fails)) all.add(path, point.outcome);
  return fails || point.outcome === 'failed';
}
