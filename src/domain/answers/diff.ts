// Answer format diff
// ==================
// A raw unified git diff, nothing around it but an optional fence. Source: E-132, E-666…E-668.
//
// What may be made right: CRLF of the patch's own lines where the whole answer has it, the final newline, the fence.
// What may not: stray prose, moved hunks, invented headers. Git then applies it strictly and judges paths and modes.

import type { Whole } from './continuation.ts';
import type { Unread } from './edits.ts';
import { isElision } from './elision.ts';

export type DiffAnswer = { readonly ok: true; readonly diff: string } | Unread;

const HUNK = /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/;
const HEADER = /^(?:diff --git |index [0-9a-f]+\.\.[0-9a-f]+|(?:old|new) mode \d|new file mode \d|deleted file mode \d|similarity index |dissimilarity index |rename (?:from|to) |copy (?:from|to) |--- |\+\+\+ )/;
export function parseDiff(answer: string): DiffAnswer {
  const { text, open } = unfenced(answer);
  if (text.trim() === '') return { ok: false, code: 'diff_empty', problems: ['the answer is empty'], cut: false };
  const { problems, cut } = checkLines(text.split('\n'));
  if (open) problems.push('the fence around the patch is never closed');
  if (problems.length === 0) return { ok: true, diff: text };
  return { ok: false, code: cut || open ? 'diff_truncated' : 'diff_malformed', problems: problems.map((problem) => problem.toWellFormed()), cut: cut || open };
}

/** The files of a cut patch whose hunks are all there: those before the last one. */
export function wholeSections(cut: string): Whole | null {
  const { text } = unfenced(cut);
  const lines = text.split('\n');
  const sections = checkLines(lines).sections;
  const last = sections.at(-1);
  const answer = last === undefined ? '' : `${lines.slice(0, last.line - 1).join('\n')}\n`;
  return sections.length > 1 && parseDiff(answer).ok ? { paths: sections.slice(0, -1).map(({ path }) => path), answer } : null;
}

/** A rest that gives everything once more stands for itself; an empty one is no rest. */
export function joinedSections(whole: string, rest: string): string {
  const { text } = unfenced(rest);
  return text.trim() === '' || text.includes(whole) ? rest : whole + text;
}

/** `open`: a fence begins and does not end. */
function unfenced(answer: string): { readonly text: string; readonly open: boolean } {
  const text = answer.replace(/^\uFEFF/, '');
  const fence = /^\s*(`{3,}|~{3,})[^\n]*\n([^]*\n)?\1\s*$/.exec(text);
  const begun = fence === null ? /^\s*(?:`{3,}|~{3,})[^\n]*\n(?=diff |--- )/.exec(text) : null;
  const body = fence === null ? text.slice(begun?.[0].length ?? 0).replace(/^(?:[ \t]*\r?\n)+/, '') : (fence[2] ?? '');
  const lines = body.replace(/\n$/, '').split('\n');
  // A patch whose every line ends in CRLF was converted on its way; a mixed one speaks of a file with CRLF.
  const converted = lines.length > 1 && lines.every((line, i) => line.endsWith('\r') || i === lines.length - 1);
  return { text: `${(converted ? lines.map((line) => line.replace(/\r$/, '')) : lines).join('\n')}\n`, open: begun !== null };
}

/** What is known of the file whose part of the patch is read. */
interface Section {
  /** 1-based line of the patch. */
  readonly line: number;
  /** As the header has it; empty until it is known. */
  path: string;
  hunks: number;
  /** Something changes without a hunk: mode, rename, an empty new file. */
  changes: boolean;
  isNew: boolean;
}

interface Reading {
  readonly problems: string[];
  readonly sections: Section[];
  /** Lines that stand in the file before the patch, trimmed. */
  readonly known: Set<string>;
  /** Added lines that may stand for left-out content. */
  readonly elided: { readonly line: number; readonly text: string }[];
  left: number;
  right: number;
}

/** Headers are there, hunks count right, nothing stands between them, nothing was left out. */
function checkLines(lines: readonly string[]): { problems: string[]; cut: boolean; sections: readonly Section[] } {
  const reading: Reading = { problems: [], sections: [], known: new Set(), elided: [], left: 0, right: 0 };
  const { problems, sections } = reading;
  const count = lines.at(-1) === '' ? lines.length - 1 : lines.length;
  for (let i = 0; i < count && problems.length < 10; i += 1) {
    const line = lines[i] ?? '';
    const wrong = reading.left > 0 || reading.right > 0 ? bodyProblem(reading, line, i) : headProblem(reading, lines, i);
    if (wrong !== null) problems.push(`line ${i + 1}: ${wrong}`);
    if (wrong === ENDS_EARLY) return { problems, cut: false, sections };
  }
  const missing = Math.max(reading.left, reading.right);
  if (problems.length > 0) return { problems, cut: false, sections };
  if (missing > 0) problems.push(`the last hunk is cut: ${missing} lines are missing`);
  if (sections.length === 0) problems.push('no file header (---, +++) is there');
  // A line that the patch moves, or has seen in the file, is content.
  for (const { line, text } of reading.elided) if (!reading.known.has(text)) problems.push(`line ${line}: an added line stands for left-out content`);
  const idle = sections.filter(({ hunks, changes }) => hunks === 0 && !changes);
  for (const { line, isNew } of idle) problems.push(`line ${line}: ${isNew ? 'a new file without its content' : 'a file header without a change'}`);
  problems.push(...twice(sections));
  return { problems, cut: missing > 0 || (idle.length > 0 && idle.at(-1) === sections.at(-1)), sections };
}

const ENDS_EARLY = 'a hunk ends before its counted lines';

function bodyProblem(reading: Reading, line: string, at: number): string | null {
  const kind = line[0];
  if (kind === '\\') return null;
  if (line === '' || line === '\r' || kind === ' ') [reading.left, reading.right] = [reading.left - 1, reading.right - 1];
  else if (kind === '-') reading.left -= 1;
  else if (kind === '+') reading.right -= 1;
  else return ENDS_EARLY;
  if (reading.left < 0 || reading.right < 0) return 'a hunk has more lines than it counts';
  const text = line.slice(1).trim();
  if (kind !== '+') reading.known.add(text);
  else if (isElision(text, reading.sections.at(-1)?.path ?? '')) reading.elided.push({ line: at + 1, text });
  return null;
}

function headProblem(reading: Reading, lines: readonly string[], i: number): string | null {
  const line = lines[i] ?? '';
  const hunk = HUNK.exec(line);
  const section = reading.sections.at(-1);
  if (hunk !== null) {
    [reading.left, reading.right] = [Number(hunk[2] ?? 1), Number(hunk[4] ?? 1)];
    if (section === undefined) return 'a hunk without a file header';
    section.hunks += 1;
    return reading.left + reading.right === 0 ? 'a hunk of nothing' : null;
  }
  if (line.startsWith('\\') || isGap(lines, i)) return null;
  if (!HEADER.test(line)) return 'neither header nor hunk: prose cannot stand in a patch';
  const begins = line.startsWith('diff --git ') || (line.startsWith('--- ') && (section === undefined || section.hunks > 0));
  if (begins) reading.sections.push({ line: i + 1, path: '', hunks: 0, changes: false, isNew: false });
  else if (section !== undefined) follow(section, line);
  if (line.startsWith('diff --git ')) follow(reading.sections.at(-1) as Section, line);
  return prefixProblem(line, lines[i + 1] ?? '');
}

/** Blank lines behind the last hunk, or before the next file. */
function isGap(lines: readonly string[], at: number): boolean {
  if (lines[at]?.trim() !== '') return false;
  const next = lines.slice(at).find((line) => line.trim() !== '');
  return next === undefined || (at > 0 && next.startsWith('diff --git '));
}

/** The two sides as git marks them; other prefixes would be taken for folders, or folders for prefixes. */
const SIDES = new Set(['ab', 'ba', 'iw', 'wi', 'ci', 'ic', 'cw', 'wc', 'ow', 'wo', '12', '21']);

/** Git strips the first folder of a name, also where none was put before it: the patch would be done to another file. */
function prefixProblem(line: string, next: string): string | null {
  if (!line.startsWith('--- ') || !next.startsWith('+++ ')) return null;
  const sides = [line, next].map((header) => header.slice(4).replace(/\r$/, '')).filter((name) => name.split('\t')[0] !== '/dev/null').map((name) => /^"?([a-z12])\//.exec(name)?.[1] ?? '?');
  const isMarked = sides.length === 2 ? SIDES.has(sides.join('')) : [...SIDES].some((pair) => pair.includes(sides[0] ?? 'a'));
  return isMarked ? null : 'the names of a file begin with a/ and b/';
}

/** The empty blob, in sha1 and sha256, as far as the header has it. */
const EMPTY_BLOB = /^index 0+\.\.(?:e69de29[0-9a-f]*|473a0f4c[0-9a-f]*)\b/;

function follow(section: Section, line: string): void {
  const named = /^(?:\+\+\+ (?:"?b\/)?|diff --git .* "?b\/|rename to |copy to )([^"\t]*)/.exec(line)?.[1];
  if (named !== undefined && named !== '/dev/null') section.path = named.replace(/\r$/, '');
  if (line.startsWith('new file mode ')) section.isNew = true;
  // A name that stands for an empty file (E-193), or the empty blob itself.
  const isEmptyFile = section.isNew && (EMPTY_BLOB.test(line) || /(?:^|\/)(?:__init__\.py|\.gitkeep)$/.test(section.path));
  if (isEmptyFile || line.startsWith('new mode ') || line.startsWith('deleted file mode ') || line === 'similarity index 100%') section.changes = true;
}

/** An answer that was given twice, or two patches that speak of one file. */
function twice(sections: readonly Section[]): string[] {
  const seen = new Set<string>();
  return sections.flatMap(({ path, line }) => {
    const known = path !== '' && seen.has(path);
    seen.add(path);
    return known ? [`line ${line}: ${path} stands in the patch twice`] : [];
  });
}
