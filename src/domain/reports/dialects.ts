// Dialects
// ========
// The one table of what can be read, in the order of asking: files that a runner wrote, then what it printed.

import { readJest, readMocha } from './json.ts';
import { readJunit } from './junit.ts';
import { readMochaSpec, readNodeTest } from './marked.ts';
import { readPytest } from './pytest.ts';
import type { TestReport } from './report.ts';
import { readSummary } from './summaries.ts';
import { shortened } from '../text.ts';
import { readTap } from './tap.ts';
import { readUnittest } from './unittest.ts';

interface Dialect {
  readonly name: string;
  /** The part of an output that may be a report, null where there is none; a file is one as a whole. */
  readonly within: (output: string) => string | null;
  readonly read: (text: string) => TestReport | null;
}

const whole = (output: string): string => output;
const between = (start: RegExp, end: RegExp) => (output: string): string | null => {
  const from = start.exec(output)?.index;
  const to = from === undefined ? undefined : [...output.slice(from).matchAll(end)].at(-1);
  return from === undefined || to === undefined ? null : output.slice(from, from + to.index + to[0].length);
};
const json = between(/^\{/m, /\}[ \t]*$/gm);

/** Reports in lines of their own have no long ones. */
const lined = (read: Dialect['read']): Dialect['read'] => (text) => read(shortened(text));

const DIALECTS: readonly Dialect[] = [
  { name: 'junit', within: between(/^(?:<\?xml |<testsuites?[\s>])/m, /<\/testsuites?>|^<testsuites?[^<>]*\/>/gm), read: readJunit },
  { name: 'jest', within: json, read: readJest },
  { name: 'mocha_json', within: json, read: readMocha },
  { name: 'tap', within: whole, read: lined(readTap) },
  { name: 'node_test', within: whole, read: lined(readNodeTest) },
  { name: 'unittest', within: whole, read: lined(readUnittest) },
  { name: 'pytest', within: whole, read: lined(readPytest) },
  { name: 'mocha', within: whole, read: lined(readMochaSpec) },
  { name: 'summary', within: whole, read: lined(numbers) },
];

/** Nothing but numbers. */
function numbers(output: string): TestReport | null {
  const summary = readSummary(output);
  return summary === null ? null : { ...summary, named: 'none', tests: new Map(), collectionErrors: [] };
}

/** @param text a report's file; its beginning may be a mark of byte order. @returns null where it is none, or is damaged. */
export const readReport = (text: string): TestReport | null => first(() => text.replace(/^\uFEFF?(?:[ \t]*\r?\n)*/, '').trimEnd());

/**
 * @param output what a command printed, visible characters only.
 * @param isCut its middle is missing: only the numbers at its end are believed.
 */
export const readOutput = (output: string, isCut = false): TestReport | null => (isCut ? lined(numbers)(output) : first(({ within }) => within(output)));

function first(textFor: (dialect: Dialect) => string | null): TestReport | null {
  for (const dialect of DIALECTS) {
    const text = textFor(dialect);
    const report = text === null ? null : dialect.read(text);
    if (report !== null) return report;
  }
  return null;
}
