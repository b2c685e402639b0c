// Edits
// =====
// What an answer wants done to files, whatever its format, and the files that come of it. Pure: all of them or none,
// every problem at once. Sources: E-129, E-130, E-630, E-643, E-645, E-647.

import { ended, type Edited } from './edited.ts';
import { newElisions } from './elision.ts';
import { atLines, type LineOperation } from './line-edits.ts';
import { atTexts, type TextOperation } from './text-edits.ts';

export type Edit =
  | { readonly kind: 'write'; readonly path: string; readonly content: string; readonly expects: 'absent' | 'any' }
  | { readonly kind: 'delete'; readonly path: string }
  | { readonly kind: 'lines'; readonly path: string; readonly operations: readonly LineOperation[] }
  | { readonly kind: 'texts'; readonly path: string; readonly operations: readonly TextOperation[] };

/** The answer cannot be read. `cut`: because its end is missing. */
export interface Unread {
  readonly ok: false;
  readonly code: string;
  readonly problems: readonly string[];
  readonly cut: boolean;
}

export interface Around {
  /** Bytes of a file as the builder was shown it, null where there is none. */
  base(path: string): Uint8Array | null;
  /** Whether every line of the file stood in the prompt. */
  wasShown(path: string): boolean;
  /** Whether the file is, byte for byte, the one that was shown; true for one that was not shown whole. */
  isAsShown(path: string): boolean;
}

/** `whole`: the answer gave all of the file, and said nothing of what it left out. */
export interface Written {
  readonly path: string;
  /** Null for a deletion. */
  readonly content: string | null;
  readonly whole: boolean;
}

export type Applied = { readonly ok: true; readonly files: readonly Written[] } | { readonly ok: false; readonly problems: readonly string[] };

export function applyEdits(edits: readonly Edit[], around: Around): Applied {
  const problems: string[] = [];
  const files = edits.flatMap((edit): Written[] => {
    const done = applyEdit(edit, around);
    if (done.ok) return [{ path: edit.path, content: edit.kind === 'delete' ? null : done.text, whole: edit.kind === 'write' }];
    problems.push(...done.problems.map((problem) => `${edit.path}: ${problem}`));
    return [];
  });
  return problems.length > 0 ? { ok: false, problems } : { ok: true, files };
}

const wrong = (problem: string): Edited => ({ ok: false, problems: [problem] });

function applyEdit(edit: Edit, { base, wasShown, isAsShown }: Around): Edited {
  const bytes = base(edit.path);
  if (!isAsShown(edit.path)) return wrong('it is not the file that was shown: its hash is another');
  if (edit.kind === 'delete') return bytes === null ? wrong('it is to be deleted, but does not exist') : { ok: true, text: '' };
  if (edit.kind === 'write') {
    if (edit.expects === 'absent' && bytes !== null) return wrong('it is to be created, but exists; use modify');
    return written(edit.content, bytes === null ? null : Buffer.from(bytes).toString('utf8'), edit.path);
  }
  if (bytes === null) {
    const [only, ...more] = edit.operations;
    if (edit.kind === 'lines' && more.length === 0 && (only?.type === 'append' || only?.type === 'prepend')) return { ok: true, text: ended(only.content) };
    return wrong('it does not exist; a new file is made by one operation with its whole content');
  }
  if (edit.kind === 'lines' && !wasShown(edit.path) && edit.operations.some(({ type }) => type !== 'append' && type !== 'prepend')) {
    return wrong('its lines were not shown, so their numbers cannot be known');
  }
  const text = Buffer.from(bytes).toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(Buffer.from(bytes))) return wrong('it is not UTF-8 text; give the whole file or a diff');
  return edited(edit, text);
}

type InPlace = Extract<Edit, { kind: 'lines' | 'texts' }>;

/** The mark was shown with the first line, so an answer may repeat it. */
function unmarked(edit: InPlace): InPlace {
  const bare = <T extends object>(operations: readonly T[]): T[] => operations.map((operation) => Object.fromEntries(Object.entries(operation).map(([key, value]) => [key, typeof value === 'string' ? value.replace(/^\uFEFF/, '') : (value as unknown)])) as T);
  return edit.kind === 'lines' ? { ...edit, operations: bare(edit.operations) } : { ...edit, operations: bare(edit.operations) };
}

/** Operations see LF and no byte order mark; both come back as the base has them. */
function edited(edit: InPlace, text: string): Edited {
  const mark = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const body = text.slice(mark.length);
  const crlf = endsAll(body, '\r\n');
  const plain = crlf ? body.replaceAll('\r\n', '\n') : body;
  const bare = mark === '' ? edit : unmarked(edit);
  const done = bare.kind === 'lines' ? atLines(plain, bare.operations) : atTexts(plain, bare.operations);
  if (!done.ok) return done;
  return { ok: true, text: mark + (crlf ? done.text.replace(/\r?\n/g, '\r\n') : done.text) };
}

/** Whether every line ends in `end`, and there is one. */
function endsAll(text: string, end: '\r\n' | '\n'): boolean {
  const all = text.split('\n').length - 1;
  const crlf = text.split('\r\n').length - 1;
  return all > 0 && (end === '\r\n' ? crlf === all : crlf === 0);
}

/** A whole file; its line ends follow the base, unless they are all that changes. */
function written(content: string, base: string | null, path: string): Edited {
  const elisions = newElisions(base, content, path);
  if (elisions.length > 0) return wrong(`the line ${JSON.stringify(elisions[0])} stands for left-out content; a whole file is needed`);
  if (base === null || content === base) return { ok: true, text: content };
  const followed = endsAll(base, '\r\n') && endsAll(content, '\n') ? content.replaceAll('\n', '\r\n') : endsAll(base, '\n') && endsAll(content, '\r\n') ? content.replaceAll('\r\n', '\n') : content;
  return { ok: true, text: followed === base ? content : followed };
}
