// Edits by line numbers
// =====================
// Operations on the lines of a text as it was shown, 1-based and inclusive. Everything is checked before anything is
// done, and done from the bottom up. Source: E-129.

import { z } from 'zod';
import { ended, type Edited } from './edited.ts';

const Line = z.int().min(1);
const around = { context_before: z.string().nullish(), context_after: z.string().nullish() };

export const LineOperation = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('insert'), line: Line, content: z.string(), ...around }),
  z.strictObject({ type: z.literal('replace'), start_line: Line, end_line: Line, content: z.string(), ...around }),
  z.strictObject({ type: z.literal('delete'), start_line: Line, end_line: Line, ...around }),
  z.strictObject({ type: z.literal('append'), content: z.string(), ...around }),
  z.strictObject({ type: z.literal('prepend'), content: z.string(), ...around }),
]);
export type LineOperation = z.infer<typeof LineOperation>;

const CONTEXT_LINES = 3;

/** A range `[from, to)` of line indices and what stands there afterwards. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly lines: readonly string[];
  readonly operation: LineOperation;
}

export function atLines(text: string, operations: readonly LineOperation[]): Edited {
  const lines = linesOf(text);
  const changes = operations.map((operation) => changeOf(operation, lines));
  const problems = [...changes.flatMap((change) => rangeProblems(change, lines.length)), ...overlaps(changes)];
  if (problems.length === 0) problems.push(...changes.flatMap((change) => contextProblems(change, lines)));
  if (problems.length > 0) return { ok: false, problems };
  const after = [...lines];
  // From the bottom up: append first, prepend last; what is inserted at one place keeps the order of the answer.
  const order = changes.map((change, at) => ({ change, at })).sort((a, b) => placeOf(b.change) - placeOf(a.change) || b.change.to - a.change.to || b.at - a.at);
  for (const { change: { from, to, lines: fresh } } of order) after.splice(from, to - from, ...fresh);
  return { ok: true, text: joined(after) };
}

const placeOf = ({ from, operation: { type } }: Change): number => (type === 'append' ? from + 0.5 : type === 'prepend' ? -0.5 : from);

/** With their ends, so that a missing last one stays missing. */
const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];

/** Only the last line of a file may have no end. */
const joined = (lines: readonly string[]): string => lines.map((line, at) => (line.endsWith('\n') || at === lines.length - 1 ? line : `${line}\n`)).join('');

function changeOf(operation: LineOperation, before: readonly string[]): Change {
  const count = before.length;
  const lines = 'content' in operation ? linesOf(isOpenEnd(operation, before) ? operation.content : ended(operation.content)) : [];
  switch (operation.type) {
    case 'insert':
      return { from: operation.line - 1, to: operation.line - 1, lines, operation };
    case 'replace':
    case 'delete':
      return { from: operation.start_line - 1, to: operation.end_line, lines, operation };
    case 'append':
      return { from: count, to: count, lines, operation };
    case 'prepend':
      return { from: 0, to: 0, lines, operation };
  }
}

/** The last line has no end and is replaced: whether there is one now is the answer's to say. */
const isOpenEnd = (operation: LineOperation, before: readonly string[]): boolean => operation.type === 'replace' && operation.end_line === before.length && before.at(-1)?.endsWith('\n') === false;

const nameOf = ({ operation, from, to }: Change): string => (from === to ? `${operation.type} at line ${from + 1}` : `${operation.type} of lines ${from + 1} to ${to}`);

function rangeProblems(change: Change, count: number): string[] {
  const { from, to, operation } = change;
  if (operation.type === 'insert') return from <= count ? [] : [`${nameOf(change)}: the file has ${count} lines`];
  if (operation.type !== 'replace' && operation.type !== 'delete') return [];
  if (from >= to) return [`${operation.type} of lines ${from + 1} to ${to}: the range ends before it begins`];
  return to <= count ? [] : [`${nameOf(change)}: the file has ${count} lines`];
}

/** Ranges do not meet, and nothing is inserted inside of one. */
function overlaps(changes: readonly Change[]): string[] {
  const ranges = changes.filter(({ from, to }) => to > from).sort((a, b) => a.from - b.from);
  const meeting = ranges.flatMap((range, at) => {
    const before = ranges[at - 1];
    return before !== undefined && before.to > range.from ? [`${nameOf(before)} and ${nameOf(range)} overlap`] : [];
  });
  const inside = changes.filter(({ from, to, operation }) => from === to && operation.type === 'insert' && ranges.some((range) => range.from < from && from < range.to));
  return [...meeting, ...inside.map((change) => `${nameOf(change)} lies inside of a range that is replaced or deleted`)];
}

/** What the builder says stands around must be there: the numbers may be off by some. */
function contextProblems(change: Change, lines: readonly string[]): string[] {
  const { from, to, operation } = change;
  const found = (context: string | null | undefined, near: readonly string[]): boolean => {
    const wanted = (context ?? '').replaceAll('\r\n', '\n').replace(/^\n+|\n+$/g, '');
    return wanted.trim() === '' || near.join('').includes(wanted);
  };
  return [
    ...(found(operation.context_before, lines.slice(Math.max(0, from - CONTEXT_LINES), from)) ? [] : [`${nameOf(change)}: context_before is not in the ${CONTEXT_LINES} lines before`]),
    ...(found(operation.context_after, lines.slice(to, to + CONTEXT_LINES)) ? [] : [`${nameOf(change)}: context_after is not in the ${CONTEXT_LINES} lines after`]),
  ];
}
