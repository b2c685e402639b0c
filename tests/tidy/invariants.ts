// Invariants
// ==========
// Where promises are made (`//   K4. …` in the header of a file) and where tests cite them: at the beginning of a title
// or of a message (`K4 an effect …`), or in a comment.

import { filesBelow, pieces, seen, type Source } from './sources.ts';

export interface Promised {
  readonly id: string;
  readonly path: string;
  readonly line: number;
  readonly text: string;
}

const PROMISE = /^\/\/ {3}([A-Z]+\d+)\. (.*)$/;
const ID = /\b[A-Z]{1,2}\d{1,3}\b/g;
/** `K4`, `L1, L2` or `P3 and P4` at the beginning. */
const LEADING = /^(?:[A-Z]{1,2}\d{1,3}(?:,| and|\/)? ?)+(?=\s|$|:|\.)/;

/** Promises of one file: only its header makes them. */
export function promisesOf({ path, text }: Source): Promised[] {
  const lines = text.split('\n');
  const end = lines.findIndex((line) => !line.startsWith('//'));
  return lines.slice(0, end === -1 ? lines.length : end).flatMap((line, i) => {
    const [, id = '', rest = ''] = PROMISE.exec(line) ?? [];
    return id === '' ? [] : [{ id, path, line: i + 1, text: rest }];
  });
}

export const promises = (): Promised[] => seen(filesBelow(['src', 'machines', 'projections']).flatMap(promisesOf), 'numbered promises');

/** Ids that a test's text cites. */
export function citedIn(text: string): Set<string> {
  const ids = new Set<string>();
  for (const { kind, text: part } of pieces(text)) {
    const said = kind === 'comment' ? part : kind === 'string' ? (LEADING.exec(part.slice(1)) ?? [''])[0] : '';
    for (const [id] of said.matchAll(ID)) ids.add(id);
  }
  return ids;
}

export interface Citation {
  readonly id: string;
  readonly path: string;
}

/** This check's own files name ids without keeping them; of tidy only the catalogue's titles count. */
export function citations(): Citation[] {
  const tests = filesBelow(['tests']).filter(({ path }) => !path.startsWith('tests/tidy/') || path === 'tests/tidy/catalogue.test.ts');
  return seen(tests.flatMap(({ path, text }) => [...citedIn(text)].map((id) => ({ id, path }))), 'citations');
}

/** Charts are tested in this folder; where two files share a number, only these keep a chart's and only others a port's. */
const OF_CHARTS = /^tests\/model\//;

export function isCited({ id, path }: Promised, isShared: boolean, cited: readonly Citation[]): boolean {
  return cited.some((citation) => citation.id === id && (!isShared || path.startsWith('machines/') === OF_CHARTS.test(citation.path)));
}
