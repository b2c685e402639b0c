// A workspace in memory
// =====================
// Trees, commits and a branch without git, for simulations: content-addressed, idempotent, all or nothing. What
// outlives a process stands in `Repository`.

import { commitId } from '#src/domain/commit-id.ts';
import type { Candidate, FileWrite, Rung, TreeChange, TreeFile, Workspace } from '#src/ports/workspace.ts';
import { canonical, sha256 } from '#src/record/canonical.ts';

type Tree = ReadonlyMap<string, string>;

export interface Repository {
  readonly base: string;
  readonly baseTree: string;
  readonly trees: Map<string, Tree>;
  readonly bodies: Map<string, string>;
  readonly commits: Map<string, { readonly tree: string; readonly parent: string | null }>;
  readonly checkouts: Set<string>;
  /** `autopack/run-<run>`. */
  branch: string | null;
  /** `autopack/pre-run-<run>`. */
  mark: string | null;
}

const oid = (text: string): string => sha256(text).slice(0, 40);
const blobOf = (content: string): string => oid(`blob ${content}`);
const ABSENT = '0'.repeat(40);

function keep({ trees, bodies }: Pick<Repository, 'trees' | 'bodies'>, tree: Tree): string {
  const id = oid(`tree ${canonical(Object.fromEntries([...tree].map(([path, content]) => [path, blobOf(content)])))}`);
  trees.set(id, tree);
  for (const content of tree.values()) bodies.set(blobOf(content), content);
  return id;
}

/** A file of the base; an answer of one line deletes more than it adds. */
export const BASE_TEXT = 'the\nbase\n';

export function repository(): Repository {
  const files = { 'a.txt': BASE_TEXT, 'b.txt': BASE_TEXT, 'c.txt': BASE_TEXT };
  const objects = { trees: new Map<string, Tree>(), bodies: new Map<string, string>(), commits: new Map() as Repository['commits'] };
  const baseTree = keep(objects, new Map(Object.entries(files)));
  const base = commitId({ tree: baseTree, parent: null, message: 'base', atSeconds: 0 }, 'sha1');
  objects.commits.set(base, { tree: baseTree, parent: null });
  return { ...objects, base, baseTree, checkouts: new Set(), branch: null, mark: null };
}

function known<T>(map: ReadonlyMap<string, T>, id: string, what: string): T {
  const found = map.get(id);
  if (found === undefined) throw new Error(`the simulated repository has no ${what} ${id}`);
  return found;
}

function changesOf(before: Tree, after: Tree): TreeChange[] {
  const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
  return paths.filter((path) => before.get(path) !== after.get(path)).map((path) => {
    const [old, now] = [before.get(path), after.get(path)];
    return {
      path, oldMode: old === undefined ? '000000' : '100644', oldBlob: old === undefined ? ABSENT : blobOf(old),
      newMode: now === undefined ? '000000' : '100644', newBlob: now === undefined ? ABSENT : blobOf(now),
      added: now?.split('\n').length ?? 0, removed: old?.split('\n').length ?? 0, binary: false,
    };
  });
}

function written(before: Tree, writes: readonly FileWrite[]): Tree {
  const after = new Map(before);
  for (const { path, content } of writes) {
    if (content === null) after.delete(path);
    else after.set(path, content);
  }
  return after;
}

/** @param mayPublish whether the branch may be moved there now; a reason where not. */
export function memoryWorkspace(repo: Repository, mayPublish: (commit: string) => string | null): Workspace {
  const treeOf = (commit: string): string => known(repo.commits, commit, 'commit').tree;
  const candidate = (before: Tree, after: Tree, rung: Rung): Candidate => {
    const changes = changesOf(before, after);
    const diff = changes.map(({ path }) => `--- ${path}\n+++ ${path}\n-${before.get(path) ?? ''}\n+${after.get(path) ?? ''}\n`).join('');
    return { ok: true, tree: keep(repo, after), changes, diff, rung };
  };
  const applyFiles = (tree: string, writes: readonly FileWrite[]): Candidate => {
    const before = known(repo.trees, tree, 'tree');
    return candidate(before, written(before, writes), 'written');
  };
  const carry = ({ from, to, onto }: { readonly from: string; readonly to: string; readonly onto: string }): Candidate => {
    const [seen, made, moved] = [from, to, onto].map((tree) => known(repo.trees, tree, 'tree')) as [Tree, Tree, Tree];
    const changed = changesOf(seen, made).map(({ path }) => path);
    const met = changed.filter((path) => seen.get(path) !== moved.get(path));
    if (met.length > 0) return { ok: false, problems: met.map((path) => `${path}: both changes meet`) };
    return candidate(moved, written(moved, changed.map((path) => ({ path, content: made.get(path) ?? null }))), 'strict');
  };
  return {
    inspect: async () => ({ root: '/simulated', base: repo.base, tree: repo.baseTree, warnings: [] }),
    async prepare() {
      repo.mark = repo.base;
      return { base: repo.base, tree: repo.baseTree, objectFormat: 'sha1', warnings: [] };
    },
    reopen: async (_run, base) => void treeOf(base),
    files: async (tree) => [...known(repo.trees, tree, 'tree')].map(([path, content]): TreeFile => ({ path, mode: '100644', blob: blobOf(content), size: Buffer.byteLength(content) })),
    readAll: async (blobs) => blobs.map((blob) => Buffer.from(known(repo.bodies, blob, 'blob'), 'utf8')),
    treeOf: async (commit) => treeOf(commit),
    isWhole: async (id) => repo.commits.has(id) || repo.trees.has(id),
    applyDiff: async () => ({ ok: false, problems: ['the simulated repository takes whole files'] }),
    applyFiles: async (tree, writes) => applyFiles(tree, writes),
    carry: async (change) => carry(change),
    async checkout(tree, mark) {
      known(repo.trees, tree, 'tree');
      repo.checkouts.add(mark);
      return { path: `/simulated/${tree}`, home: '/simulated/home', temp: '/simulated/temp', links: [], read: async () => null, forget: async () => {}, remove: async () => void repo.checkouts.delete(mark) };
    },
    async commit({ tree, parent, message, atSeconds }) {
      const id = commitId({ tree, parent, message, atSeconds }, 'sha1');
      repo.commits.set(id, { tree, parent });
      return id;
    },
    async publish(_run, commit) {
      const reason = mayPublish(commit);
      if (reason !== null) return { ok: false, reason };
      repo.branch = commit;
      return { ok: true };
    },
    async clean(_run, success) {
      repo.checkouts.clear();
      if (success) repo.mark = null;
    },
  };
}
