// Candidates of a context
// =======================
// Every file that some rule wants the builder to see, each once, under the first rule that wants it: what the plan names,
// what failed before, what lies near, what phases of its kind need. Sources: E-150, E-152, E-154.

import { within } from '../path-policy.ts';
import { unseenPath, type Unseen } from './kinds.ts';
import { namesOf, relevanceTo } from './named.ts';
import { manifestsOf, testsOf } from './neighbours.ts';
import { matcherOf, type Source } from './source.ts';

export interface ContextFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** Why a file is wanted, in the order in which they take from the budget. */
export const categories = ['deliverable', 'modifiable', 'feedback', 'named', 'read_only', 'imported', 'test', 'manifest', 'pattern', 'source'] as const;
export type Category = (typeof categories)[number];

/** Files of each kind at most; those that the plan names one by one have no limit. */
const MOST: Readonly<Record<Category, number>> = { deliverable: 200, modifiable: 200, feedback: 10, named: 10, read_only: 200, imported: 20, test: 20, manifest: 10, pattern: 200, source: 200 };

/** The base's files by path. Made once for a tree. */
export interface ContextTree<F extends ContextFile = ContextFile> {
  readonly files: ReadonlyMap<string, F>;
  /** Sorted by UTF-16 units. */
  readonly paths: readonly string[];
}

export const contextTree = <F extends ContextFile>(files: readonly F[]): ContextTree<F> => ({ files: new Map(files.map((file) => [file.path, file])), paths: files.map(({ path }) => path).sort() });

export interface Wish {
  /** A file, or a folder when the entry ends in `/`; empty: the whole repository. */
  readonly scope: readonly string[];
  readonly readOnly: readonly string[];
  readonly deliverables: readonly string[];
  /** The phase's own words: where files are named. */
  readonly text: string;
  /** What failed before. */
  readonly feedback: string;
  readonly source: Source;
  /** What the files that may be changed import; known once they are read. */
  readonly imported: readonly string[];
  /** Paths that no phase may change. */
  isProtected(path: string): boolean;
}

export interface FileLimits {
  /** No file beyond it is read. */
  readonly fileBytesMax: number;
  /** Of a file that may only be read, so much is shown. */
  readonly excerptMax: number;
}

export interface Candidate extends ContextFile {
  readonly category: Category;
  /** Then it is shown whole, byte for byte; what may only be read is cut. */
  readonly mayChange: boolean;
  /** Named by its own path, or by a person. */
  readonly explicit: boolean;
  readonly unseen: Unseen | null;
  /** Words that its path shares with the phase. */
  readonly relevance: number;
}

/** `below`: the folder that the plan names. */
interface Ask { readonly category: Category; readonly paths: readonly string[]; readonly explicit: boolean; readonly below: string }

const inScope = (path: string, { scope }: Wish): boolean => scope.length === 0 || scope.some((entry) => within(path, entry));
const nearby = (category: Category, paths: readonly string[]): Ask => ({ category, paths, explicit: false, below: '' });
const explicit = (category: Category, paths: readonly string[]): Ask => ({ category, paths, explicit: true, below: '' });

export function candidatesOf(tree: ContextTree, wish: Wish, limits: FileLimits): readonly Candidate[] {
  const found = new Map<string, Candidate>();
  const collect = collector(tree, wish, limits);
  for (const ask of directAsks(tree, wish)) collect(ask, found);
  const subjects = [...found.values()].filter(({ mayChange, category, unseen }) => unseen === null && (mayChange || category === 'named')).map(({ path }) => path);
  for (const ask of nearAsks(tree, wish, subjects)) collect(ask, found);
  return [...found.values()];
}

/** What the plan, the phase's words and the failures name. */
function directAsks({ paths }: ContextTree, wish: Wish): Ask[] {
  const entries = (category: Category, all: readonly string[]): Ask[] => [
    explicit(category, all.filter((entry) => !entry.endsWith('/'))),
    ...all.filter((entry) => entry.endsWith('/')).map((below) => ({ category, paths: paths.filter((path) => path.startsWith(below)), explicit: false, below })),
  ];
  return [
    explicit('deliverable', wish.deliverables.filter((path) => inScope(path, wish))),
    ...entries('modifiable', wish.scope),
    nearby('feedback', paths.filter(namesOf(wish.feedback))),
    { category: 'named', paths: [...wish.deliverables, ...paths.filter(namesOf(wish.text))], explicit: wish.scope.length === 0, below: '' },
    ...entries('read_only', wish.readOnly),
  ];
}

const SOURCE_FOLDERS = /^(?:src|backend|app|lib)\//;
/** Beside the manifests, what says how a project wants to be worked on (E-152). */
const ABOUT = ['README.md', '.gitignore'];

/** What lies near the files that are the phase's subject, then what phases of its kind need. */
function nearAsks({ files, paths }: ContextTree, { imported, source }: Wish, subjects: readonly string[]): Ask[] {
  return [
    nearby('imported', imported),
    nearby('test', testsOf(subjects, paths)),
    nearby('manifest', manifestsOf(subjects, { has: (path) => files.has(path) })),
    ...(source.kind === 'patterns' ? [nearby('pattern', paths.filter(matcherOf(source.globs)))] : []),
    ...(source.kind === 'heuristic' ? [nearby('manifest', ABOUT), nearby('source', paths.filter((path) => SOURCE_FOLDERS.test(path)))] : []),
  ];
}

function collector({ files }: ContextTree, wish: Wish, limits: FileLimits): (ask: Ask, found: Map<string, Candidate>) => void {
  const relevanceOf = relevanceTo(wish.text);
  return (ask, found) => {
    const { category, paths } = ask;
    const most = ask.explicit && category !== 'named' ? Infinity : MOST[category];
    const counts = { seen: 0, unseen: 0 };
    for (const path of paths.length <= most ? paths : ranked(paths, relevanceOf)) {
      if (counts.seen >= most) break;
      const file = files.get(path);
      if (file === undefined || found.has(path)) continue;
      const unseen = unseenOf(file, ask, limits);
      // What only lies near is left out without a word when it is of no use; folders that the plan names are accounted for.
      if (unseen !== null && !ask.explicit && category !== 'modifiable' && category !== 'read_only') continue;
      if ((counts[unseen === null ? 'seen' : 'unseen'] += 1) > most) continue;
      found.set(path, { ...file, ...standingOf(file, ask, { wish, limits }), explicit: ask.explicit, unseen, relevance: relevanceOf(path) });
    }
  };
}

/** The phase's words first; all others stay in their order. */
function ranked(paths: readonly string[], relevanceOf: (path: string) => number): readonly string[] {
  const found = paths.map((path) => ({ path, relevance: relevanceOf(path) })).filter(({ relevance }) => relevance > 0).sort((a, b) => b.relevance - a.relevance || (a.path < b.path ? -1 : 1)).map(({ path }) => path);
  const first = new Set(found);
  return [...found, ...paths.filter((path) => !first.has(path))];
}

/** What the builder may do to a file: only what the scope holds and nothing forbids, and only what it sees whole. */
function standingOf({ path, size }: ContextFile, ask: Ask, { wish, limits }: { readonly wish: Wish; readonly limits: FileLimits }): Pick<Candidate, 'category' | 'mayChange'> {
  const isReadOnly = wish.readOnly.some((entry) => within(path, entry));
  const isWhole = ask.explicit || wish.scope.length > 0 || size <= limits.excerptMax;
  return { category: isReadOnly ? 'read_only' : ask.category, mayChange: isWhole && !isReadOnly && inScope(path, wish) && !wish.isProtected(path) };
}

function unseenOf({ path, size }: ContextFile, ask: Ask, { fileBytesMax }: FileLimits): Unseen | null {
  const kind = unseenPath(path, ask.below);
  // Who names a vendored or generated file means it; a key or a picture is shown to nobody.
  if (kind !== null && !(ask.explicit && (kind === 'vendored' || kind === 'generated'))) return kind;
  return size > fileBytesMax ? 'huge' : null;
}
