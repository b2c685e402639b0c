// What a candidate did to the files of tests: whether they assert less, and the base with these files alone.

import { isRegular } from '#src/domain/path-policy.ts';
import { assertionsIn, isTestFile } from '#src/domain/test-strength.ts';
import type { TreeFile, Workspace } from '#src/ports/workspace.ts';

interface Change { readonly path: string; readonly before: TreeFile | null; readonly now: TreeFile | null }

export interface Changes {
  readonly tests: readonly Change[];
  /** Something else than tests was changed too. */
  readonly hasSource: boolean;
  /** Tree of the base. */
  readonly base: string;
}

const FILE_MAX = 1024 * 1024;

/** @param base a commit. */
export async function changesOf(workspace: Workspace, base: string, tree: string): Promise<Changes> {
  const root = await workspace.treeOf(base);
  const [before, now] = (await Promise.all([workspace.files(root), workspace.files(tree)])).map((files) => new Map(files.map((file) => [file.path, file]))) as [Map<string, TreeFile>, Map<string, TreeFile>];
  const changed = [...new Set([...before.keys(), ...now.keys()])].filter((path) => before.get(path)?.blob !== now.get(path)?.blob);
  const tests = changed.filter(isTestFile).map((path) => ({ path, before: before.get(path) ?? null, now: now.get(path) ?? null }));
  return { tests, hasSource: tests.length < changed.length, base: root };
}

/** By how many assertions the changed files have become poorer, all together: what moves is not lost. */
export async function weakenedBy(workspace: Workspace, { tests }: Changes): Promise<number> {
  const assertions = async (files: readonly (TreeFile | null)[]): Promise<number> => {
    const bodies = await workspace.readAll(files.flatMap((file) => (isText(file) ? [file.blob] : [])));
    return bodies.reduce((sum, body) => sum + assertionsIn(Buffer.from(body).toString('utf8')), 0);
  };
  return Math.max(0, (await assertions(tests.map(({ before }) => before))) - (await assertions(tests.map(({ now }) => now))));
}

const isText = (file: TreeFile | null): file is TreeFile => file !== null && isRegular(file.mode) && file.size <= FILE_MAX;

/** The base with the candidate's tests and nothing else of it; null where there is no such thing. */
export async function treeBefore(workspace: Workspace, { tests, hasSource, base }: Changes): Promise<string | null> {
  if (tests.length === 0 || !hasSource) return null;
  const present = tests.filter(({ now }) => isText(now));
  const bodies = await workspace.readAll(present.map(({ now }) => now?.blob ?? ''));
  const written = present.map(({ path }, at) => ({ path, content: Buffer.from(bodies[at] ?? []).toString('utf8') }));
  const gone = tests.filter(({ now }) => now === null).map(({ path }) => ({ path, content: null }));
  const made = await workspace.applyFiles(base, [...written, ...gone]);
  return made.ok ? made.tree : null;
}
