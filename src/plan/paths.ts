// Paths of a plan
// ===============
// As they were meant, relative to the root of the repository. Sources: E-030, E-035.

import type { Path } from '#src/yaml/located.ts';
import type { Report } from './report.ts';

/** A text of the plan, and where it stands. */
export interface Placed {
  readonly text: string;
  readonly at: Path;
}

/** As the schema of record 0 allows. */
export const PATH_MAX = 512;

export const placed = (texts: readonly string[], at: Path): Placed[] => texts.map((text, i) => ({ text, at: [...at, i] }));

/** Each path once, at its first place: what was made right is told, what leaves the repository is an error. */
export function cleanPaths(given: readonly Placed[], report: Report): Placed[] {
  const clean = new Map<string, Placed>();
  for (const { text, at } of given) {
    const path = tidied(text);
    const wrong = pathProblem(path);
    if (wrong !== null) report.problem(at, `${JSON.stringify(text.slice(0, 100))}: ${wrong}`, 'paths are relative to the root of the repository, with /');
    else if (path !== text) report.warn(at, `${JSON.stringify(text)} is read as ${JSON.stringify(path)}`);
    if (wrong === null && !clean.has(path)) clean.set(path, { text: path, at });
  }
  return [...clean.values()];
}

/** A deliverable is a path, whatever its author wrote around it; what names none is left out. Both are told. Source: E-190. */
export function cleanDeliverables(given: readonly Placed[], report: Report): Placed[] {
  const named = given.flatMap(({ text, at }) => {
    const path = pathNamedBy(text);
    if (path === null) report.warn(at, `${JSON.stringify(text.slice(0, 100))} names no file and is left out`, 'deliverables are paths; a folder ends in /');
    else if (path !== text) report.warn(at, `${JSON.stringify(text.slice(0, 100))} is read as ${JSON.stringify(path)}`);
    return path === null ? [] : [{ text: path, at }];
  });
  return cleanPaths(named, report);
}

/** Until nothing is left to remove; null for a heading or a sentence. */
function pathNamedBy(given: string): string | null {
  const path = unworded(tidied(given));
  if (path !== given) return pathNamedBy(path);
  const isSentence = / /.test(path) && !path.includes('/') && !/\.[^ .]/.test(path);
  return isSentence || /^(?:docs|tests|code|polish)$/.test(path) ? null : path;
}

const PATH_LIKE = /\/$|\.[\w-]+$|^[A-Z][\w-]*$/;

/** The words that people write around a path; inside of a name they stay. */
function unworded(text: string): string {
  const bare = text.replace(/^documentation in +/i, '').replace(/ \(.*$/s, '');
  const at = bare.indexOf(' with ');
  const cut = at !== -1 && PATH_LIKE.test(bare.slice(0, at)) ? bare.slice(0, at) : bare;
  return cut.replace(/ +(?:updated|modifications|modified|changes|additions)$/i, '');
}

/** Quotes, `./`, double `/` and a trailing note go, until nothing of them is left. */
export function tidied(given: string): string {
  const path = given.trim().replace(/^["'`]|["'`]$/g, '').replace(/ \([^)]*\)$/, '').replace(/(?<!^)\/{2,}/g, '/').replace(/^(?:\.\/)+/, '');
  return path === given ? path : tidied(path);
}

function pathProblem(path: string): string | null {
  if (path === '' || path === '.') return 'it is empty';
  if (path.length > PATH_MAX) return `it is longer than ${PATH_MAX} characters`;
  if (path.includes('\0')) return 'it holds a NUL';
  if (path.includes('\\')) return 'it holds a backslash';
  if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return 'it is absolute';
  if (path.startsWith('~')) return 'it begins with ~';
  return path.split('/').includes('..') ? 'it leaves the repository' : null;
}
