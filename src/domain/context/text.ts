// Text of a context
// =================
// The chosen files as the builder reads them: each in its own section, with why it is there, what may be done to it and
// what of it is cut; then what is not shown, and the tree. Sources: E-121, E-154, D2 to D4.

import { clipped, hiddenIn, numbered, pathName, quoted, visible } from '../prompt.ts';
import type { Category } from './candidates.ts';
import type { Unseen } from './kinds.ts';
import { listingOf } from './listing.ts';

const HEAD_LINES = 200;
const TAIL_LINES = 50;

/** The beginning and the end of a file that is only read. */
export function excerpt(text: string, charsMax: number): { readonly text: string; readonly cut: boolean } {
  const lines = text.split('\n');
  const long = lines.length - 1 > HEAD_LINES + TAIL_LINES;
  const left = lines.length - 1 - HEAD_LINES - TAIL_LINES;
  const parts = long ? [...lines.slice(0, HEAD_LINES), `[… ${left} lines left out …]`, ...lines.slice(HEAD_LINES + left)].join('\n') : text;
  return { text: clipped(parts, charsMax), cut: long || parts.length > charsMax };
}

export interface ShownFile {
  readonly path: string;
  readonly category: Category | Unseen;
  readonly mayChange: boolean;
  /** What the builder reads of it; null where it is left out. */
  readonly text: string | null;
  /** Whether anything of it is missing, comments among it: then its lines are not those of the file. */
  readonly cut: boolean;
  /** Bytes. */
  readonly size: number;
}

/** A file that may be changed is shown byte for byte; of another, what people see of it. */
export function shownFile(file: Omit<ShownFile, 'cut' | 'text'>, text: string, excerptMax: number): ShownFile {
  if (file.mayChange) return { ...file, text, cut: false };
  const seen = visible(text);
  const part = excerpt(seen, excerptMax);
  return { ...file, text: part.text, cut: part.cut || seen !== text };
}

const WHY: Readonly<Record<Category | Unseen, string>> = {
  deliverable: 'it is to be delivered', modifiable: 'it is in the scope', feedback: 'what failed names it', named: 'the phase names it', read_only: 'the plan shows it', imported: 'what may change imports it',
  test: 'it tests what may change', manifest: 'it says how the project is built', pattern: 'phases of this kind need it', source: 'it is a source of the project',
  secret: 'it may hold keys', binary: 'it is no text', generated: 'it is generated', vendored: 'it is not the project\'s own', huge: 'it is too large',
};
const OMITTED_MAX = 40;
const TREE_LINES_MAX = 400;

export interface ContextParts {
  readonly files: readonly ShownFile[];
  readonly missing: { readonly scope: readonly string[]; readonly readOnly: readonly string[] };
  /** All of the tree, sorted. */
  readonly paths: readonly string[];
  /** Whether the answer's format speaks of line numbers. */
  readonly numbered: boolean;
}

export function contextText({ files, missing, paths, numbered: withNumbers }: ContextParts): string {
  const left = files.filter(({ text }) => text === null).map(({ path, category, size }) => `${pathName(path)} (${size} bytes: ${WHY[category]}${isUnseen(category) ? '' : ', and the budget is used'})`);
  return [
    ...files.flatMap((file) => (file.text === null ? [] : [sectionOf(file, file.text, withNumbers)])),
    ...listSection('Files that exist and are not shown:', left, OMITTED_MAX),
    ...listSection('Paths of the scope that do not exist yet and may be created:', missing.scope.map(pathName), OMITTED_MAX),
    ...listSection('Paths that the plan wants to be read and that do not exist:', missing.readOnly.map(pathName), OMITTED_MAX),
    treeSection(paths),
  ].join('\n');
}

const UNSEEN = new Set<string>(['secret', 'binary', 'generated', 'vendored', 'huge'] satisfies Unseen[]);
const isUnseen = (category: Category | Unseen): boolean => UNSEEN.has(category);

function sectionOf({ path, category, mayChange, cut }: ShownFile, text: string, withNumbers: boolean): string {
  const notes = mayChange ? ['may be changed', hiddenIn(text)] : ['for reading only', WHY[category], cut ? 'a part is left out' : ''];
  return quoted(`File ${pathName(path)} (${notes.filter((note) => note !== '').join('; ')}):`, mayChange && withNumbers ? numbered(text) : text);
}

function listSection(label: string, lines: readonly string[], max: number): string[] {
  if (lines.length === 0) return [];
  return [quoted(label, [...lines.slice(0, max), ...(lines.length > max ? [`… and ${lines.length - max} more`] : [])].join('\n'))];
}

function treeSection(paths: readonly string[]): string {
  const { lines, left } = listingOf(paths, TREE_LINES_MAX);
  const named = lines.map(({ path, files }) => (files === 0 ? pathName(path) : `${pathName(path)} (${files} files)`));
  return quoted('All files of the repository:', [...named, ...(left > 0 ? [`… and ${left} more`] : [])].join('\n'));
}
