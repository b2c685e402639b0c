// Places of hunks
// ===============
// Where in a file the lines may stand that a hunk expects, when they are not where it says. Pure. Source: E-199.

import type { Hunk, Patch } from './patch-lines.ts';

interface Placed {
  readonly patch: Patch;
  readonly hunk: Hunk;
  readonly path: string;
  readonly base: string;
}

const wantedLines = ({ patch: { lines }, hunk: { from, to } }: Placed): string[] => lines.slice(from, to).filter((line) => !/^[+\\]/.test(line)).map((line) => line.slice(1));
const loose = (line: string): string => line.replace(/[\s]+/g, ' ').trim();
const indentOf = (line: string): string => /^[ \t]*/.exec(line)?.[0] ?? '';

/** Languages in which indentation is for people; in all others it may be the meaning. */
const FREE = /\.(?:[cm]?[jt]sx?|json|c|h|cc|cpp|hpp|cs|java|kt|go|rs|php|swift|css|scss|less|sql)$/i;

/** Whether the hunk's lines stand at exactly one place when white space is ignored, and indentation may be. */
export function hasOneLoosePlace(placed: Placed): boolean {
  const wanted = wantedLines(placed);
  if (wanted.length === 0) return false;
  const have = placed.base.split('\n');
  const [first = ''] = wanted.map(loose);
  const plain = have.map(loose);
  const starts = plain.flatMap((line, at) => (line === first && wanted.every((expected, offset) => plain[at + offset] === loose(expected)) ? [at] : []));
  const [start] = starts;
  if (start === undefined || starts.length > 1) return false;
  return FREE.test(placed.path) || wanted.every((line, offset) => indentOf(line) === indentOf(have[start + offset] ?? ''));
}

const WORK_MAX = 4_000_000;
const SHOWN_MAX = 12;

/** The lines of the base that are most like those the hunk expects; nothing where no line is alike. */
export function nearestLines(placed: Placed): string[] {
  const wanted = wantedLines(placed).map(loose);
  const have = placed.base.split('\n');
  if (wanted.length === 0 || wanted.length * have.length > WORK_MAX) return [];
  const plain = have.map(loose);
  let [best, bestAt] = [0, 0];
  for (let at = 0; at < have.length; at += 1) {
    let score = 0;
    for (const [offset, line] of wanted.entries()) if (line !== '' && plain[at + offset] === line) score += 1;
    const nearer = Math.abs(at + 1 - placed.hunk.oldStart) < Math.abs(bestAt + 1 - placed.hunk.oldStart);
    if (score > best || (score === best && score > 0 && nearer)) [best, bestAt] = [score, at];
  }
  if (best === 0) return [];
  const lines = have.slice(bestAt, bestAt + Math.min(wanted.length, SHOWN_MAX)).map((line, offset) => `${bestAt + offset + 1} | ${line.slice(0, 200)}`);
  return [`${placed.path}:${placed.hunk.oldStart}: the nearest lines of the file are\n${lines.join('\n')}`];
}
