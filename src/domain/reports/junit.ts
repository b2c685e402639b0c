// JUnit's dialects
// ================
// pytest, mocha's xunit, node:test, vitest, surefire and others. Cases are counted, attributes that count are not
// believed. No document type, so no entity but XML's own five; what is not well-formed is no report.

import { SaxesParser } from 'saxes';
import { gathering, type Gathering, type Outcome, type TestReport } from './report.ts';

const DEPTH_MAX = 100;

interface Case { readonly parts: readonly string[]; readonly suites: number; outcome: Outcome; isCollection: boolean }

export function readJunit(text: string): TestReport | null {
  const all = gathering();
  try {
    scan(text, all);
  } catch {
    return null;
  }
  return all.report('junit');
}

/** @throws on the first thing that is not well-formed. */
function scan(text: string, all: Gathering): void {
  const parser = new SaxesParser();
  const path: string[] = [];
  let current: Case | null = null;
  parser.on('error', (error) => { throw error; });
  parser.on('doctype', () => { throw new Error('a report has no document type'); });
  parser.on('opentag', ({ name, attributes }) => {
    path.push(name);
    if (path.length > DEPTH_MAX) throw new Error('too deep');
    if (path.length === 1 && name !== 'testsuites' && name !== 'testsuite') throw new Error('no report of tests');
    if (name === 'testcase') current = caseOf(attributes, path.length);
    else if (current !== null && path.length === current.suites + 1) judge(current, name, attributes);
    else if (current === null && name === 'error') all.broken(attributes['message'] ?? 'a suite');
  });
  parser.on('closetag', ({ name }) => {
    path.pop();
    if (name !== 'testcase' || current === null) return;
    if (current.isCollection) all.broken(current.parts.join(' ').trim());
    else all.add(current.parts, current.outcome);
    current = null;
  });
  parser.write(text).close();
}

function caseOf({ file = '', classname = '', name = '' }: Readonly<Record<string, string>>, depth: number): Case {
  return { parts: [file, classname, name], suites: depth, outcome: 'passed', isCollection: false };
}

/** A test that is to be skipped, or to fail, is skipped whatever else is said of it. */
function judge(current: Case, name: string, { message = '' }: Readonly<Record<string, string>>): void {
  if (name === 'skipped') current.outcome = 'skipped';
  else if ((name === 'failure' || name === 'error') && current.outcome !== 'skipped') current.outcome = 'failed';
  if (name === 'error' && message === 'collection failure') current.isCollection = true;
}
