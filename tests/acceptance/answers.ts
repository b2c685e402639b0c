// Answers: a change of trees as a model would give it, in each format. Made here from the two trees alone, so that
// nothing of the product decides what is right; null where a format has no words for the change.

import type { UserRepo } from '#tests/support/user-repository.ts';
import { printed, textOf, type Rooted, type Tree } from './trees.ts';

export const modes = ['full_file', 'structured_edit', 'ndjson', 'diff'] as const;
export type Mode = (typeof modes)[number];

export interface Asked {
  readonly repo: UserRepo;
  readonly before: Tree;
  readonly after: Tree;
  readonly from: Rooted;
  readonly to: Rooted;
  /** Chooses among the ways to say the same. */
  readonly variant: number;
}

/** One changed path with both texts; null where it is absent. */
export interface Changed {
  readonly path: string;
  readonly old: string | null;
  readonly fresh: string | null;
}

/** Every path at which two trees differ. */
export const pathsOf = (before: Tree, after: Tree): string[] =>
  [...new Set([...before.keys(), ...after.keys()])].filter((path) => before.get(path)?.mode !== after.get(path)?.mode || before.get(path)?.bytes.equals(after.get(path)?.bytes ?? Buffer.alloc(0)) !== true);

/** Null where something changes that is no text, or no content. */
export function changedTexts(before: Tree, after: Tree): Changed[] | null {
  const changed: Changed[] = [];
  for (const path of pathsOf(before, after)) {
    const [was, is] = [before.get(path), after.get(path)];
    const [old, fresh] = [textOf(was), textOf(is)];
    const isSayable = is === undefined ? was?.mode !== '120000' : fresh !== null && (was === undefined ? is.mode === '100644' : was.mode === is.mode);
    if (!isSayable) return null;
    changed.push({ path, old: was === undefined ? null : (old ?? ''), fresh });
  }
  return changed;
}

export function answerOf(mode: Mode, asked: Asked): string | null {
  if (mode === 'diff') return diffOf(asked);
  const changed = changedTexts(asked.before, asked.after);
  if (changed === null) return null;
  switch (mode) {
    case 'full_file':
      return JSON.stringify({ summary: 's', files: changed.map(({ path, old, fresh }) => ({ path, mode: fresh === null ? 'delete' : old === null ? 'create' : 'modify', new_content: fresh })) });
    case 'structured_edit':
      return edits(asked, changed);
    case 'ndjson': {
      const lines = changed.flatMap((one) => lineOf(asked, one) ?? []);
      return lines.length < changed.length ? null : [{ type: 'meta', summary: 's', total_operations: lines.length }, ...lines].map((line) => JSON.stringify(line)).join('\n');
    }
  }
}

const FLAVOURS: readonly (readonly string[])[] = [['--full-index'], ['-M', '-U3'], ['-U1', '--patience'], ['-U8', '--no-renames'], ['--minimal', '--no-indent-heuristic']];

/** Git's own, or without the ids of its blobs, as models write them; only those ids tell that mixed line ends are meant. */
function diffOf({ repo, before, after, from, to, variant }: Asked): string | null {
  const flavour = FLAVOURS[variant % FLAVOURS.length] ?? [];
  const isBinary = [...before.values(), ...after.values()].some(({ bytes }) => bytes.includes(0)) && /^-\t-\t/m.test(printed(repo, 'diff', '--numstat', from.commit, to.commit));
  if (isBinary) return null;
  const text = printed(repo, 'diff', '--text', ...flavour, from.commit, to.commit);
  return text.includes('\ufffd') ? null : variant % 3 === 2 && !text.includes('\r') ? text.replace(/^index [0-9a-f]+\.\.[0-9a-f]+( \d+)?\n/gm, (line) => (/^index (?:0+\.\.e69de29|e69de29[0-9a-f]*\.\.0+)/.test(line) ? line : '')) : text;
}

interface Hunk {
  /** 1-based; of `oldCount` 0 the line before. */
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
}

function hunksOf({ repo, from, to }: Asked, path: string): Hunk[] {
  const text = printed(repo, 'diff', '-U0', '--text', '--no-renames', from.commit, to.commit, '--', `:(literal)${path}`);
  return [...text.matchAll(/^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/gm)].map(([, oldStart, oldCount = '1', newStart, newCount = '1']) => ({ oldStart: Number(oldStart), oldCount: Number(oldCount), newStart: Number(newStart), newCount: Number(newCount) }));
}

export const linesOf = (text: string): string[] => text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
const isCrlf = (text: string): boolean => text.includes('\n') && !/(?<!\r)\n/.test(text);
const endsWhole = (text: string): boolean => text === '' || text.endsWith('\n');

/** Line ends and byte order mark follow the base, so these formats cannot take CRLF or the mark away; nor the end of a last line that had one. */
const isEditable = (old: string, fresh: string): boolean => old.startsWith('\uFEFF') === fresh.startsWith('\uFEFF') && (!isCrlf(old) || isCrlf(fresh) || !fresh.includes('\n')) && (endsWhole(fresh) || !endsWhole(old)) && old !== '';

function edits(asked: Asked, changed: readonly Changed[]): string | null {
  const operations: object[] = [];
  for (const { path, old, fresh } of changed) {
    if (fresh === null) operations.push({ type: 'delete_file', file_path: path });
    else if (old === null) {
      if (!endsWhole(fresh)) return null;
      operations.push({ type: 'append', file_path: path, content: fresh });
    } else {
      if (!isEditable(old, fresh)) return null;
      const lines = linesOf(fresh);
      for (const { oldStart, oldCount, newStart, newCount } of hunksOf(asked, path)) {
        const content = lines.slice(newStart - 1, newStart - 1 + newCount).join('');
        const range = { file_path: path, start_line: oldStart, end_line: oldStart + oldCount - 1 };
        operations.push(oldCount === 0 ? { type: 'insert', file_path: path, line: oldStart + 1, content } : newCount === 0 ? { type: 'delete', ...range } : { type: 'replace', ...range, content });
      }
    }
  }
  return JSON.stringify({ summary: 's', operations });
}

function lineOf(asked: Asked, { path, old, fresh }: Changed): object | null {
  if (fresh === null) return { type: 'delete', file_path: path };
  if (old === null) return { type: 'create', file_path: path, content: fresh };
  const operations = isCrlf(old) || !isEditable(old, fresh) ? null : replacements(asked, path, old, fresh);
  return { type: 'modify', file_path: path, ...(operations === null ? { content: fresh } : { operations }) };
}

/** One `replace` for each hunk, with as many lines around it as make it the first of its kind; null where none do. */
function replacements(asked: Asked, path: string, old: string, fresh: string): object[] | null {
  const [before, after] = [linesOf(old), linesOf(fresh)];
  const current = [...before];
  let moved = 0;
  const operations: object[] = [];
  for (const { oldStart, oldCount, newStart, newCount } of hunksOf(asked, path)) {
    const at = (oldCount === 0 ? oldStart : oldStart - 1) + moved;
    const lines = after.slice(newStart - 1, newStart - 1 + newCount);
    const around = [0, 1, 2, 4, 8, 16].map((size) => [Math.max(0, at - size), at + oldCount + size] as const).find(([start, end]) => isFirst(current, start, end));
    if (around === undefined) return null;
    const [start, end] = around;
    const wanted = current.slice(start, end).join('');
    current.splice(at, oldCount, ...lines);
    operations.push({ type: 'replace', old_text: wanted, new_text: current.slice(start, end + newCount - oldCount).join('') });
    moved += newCount - oldCount;
  }
  return operations.length > 0 && current.join('') === fresh ? operations : null;
}

function isFirst(lines: readonly string[], start: number, end: number): boolean {
  const wanted = lines.slice(start, end).join('');
  return wanted !== '' && lines.join('').indexOf(wanted) === lines.slice(0, start).join('').length;
}
