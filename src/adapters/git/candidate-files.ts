// Candidates of whole files
// =========================

import { isRegular } from '#src/domain/path-policy.ts';
import { isGitName } from '#src/domain/protected-names.ts';
import type { Candidate, FileWrite, TreeFile } from '#src/ports/workspace.ts';
import { type Ours, withIndex } from './bare.ts';
import { candidateOf, problemsOf } from './candidate.ts';
import { git, gitLine, runGit } from './git.ts';
import { filesOf } from './trees.ts';

/** Existing files keep their mode, new ones get 100644. */
export async function applyFiles(ours: Ours, tree: string, writes: readonly FileWrite[]): Promise<Candidate> {
  const files = new Map((await filesOf(ours, tree)).map((file) => [file.path, file]));
  const problems = [...writes.flatMap((write) => problemsWith(write, files)), ...conflicts(writes, files)];
  if (problems.length > 0) return { ok: false, problems };
  if (writes.length === 0) return candidateOf(ours, { from: tree, to: tree, rung: 'written' });
  return withIndex(ours, async (call) => {
    const lines: string[] = [];
    const zero = '0'.repeat(tree.length);
    for (const { path, content } of writes) {
      const blob = content === null ? zero : await gitLine(['hash-object', '-w', '--stdin'], { ...call, input: content });
      lines.push(`${content === null ? '0' : (files.get(path)?.mode ?? '100644')} ${blob}\t${path}\0`);
    }
    // Deletions first: a file may give way to a folder of its name.
    lines.sort((a, b) => Number(b.startsWith('0 ')) - Number(a.startsWith('0 ')));
    await git(['read-tree', tree], call);
    const { code, stderr } = await runGit(['update-index', '-z', '--index-info'], { ...call, input: lines.join('') });
    if (code !== 0) return { ok: false, problems: problemsOf(stderr, ours.gitDir) };
    const after = await gitLine(['write-tree'], call);
    const missing = await notWritten(ours, after, writes);
    return missing.length > 0 ? { ok: false, problems: missing } : candidateOf(ours, { from: tree, to: after, rung: 'written' });
  });
}

function problemsWith({ path, content }: FileWrite, files: ReadonlyMap<string, TreeFile>): string[] {
  const name = JSON.stringify(path);
  const segments = path.split('/');
  if (path.includes('\0') || segments.some((segment) => segment === '' || segment === '.' || segment === '..')) return [`${name}: not a path inside the repository`];
  if (segments.some(isGitName)) return [`${name}: .git is not part of the repository`];
  if (content !== null && !content.isWellFormed()) return [`${name}: the content is not valid Unicode`];
  const known = files.get(path);
  if (content === null && known === undefined) return [`${name}: there is no such file to delete`];
  return known !== undefined && !isRegular(known.mode) ? [`${name}: a ${known.mode === '120000' ? 'symlink' : 'submodule'}, not a file`] : [];
}

/** One path twice, or one path where another needs a folder; judged on what will be there. */
function conflicts(writes: readonly FileWrite[], files: ReadonlyMap<string, TreeFile>): string[] {
  const kept = new Set(files.keys());
  for (const { path, content } of writes) {
    if (content === null) kept.delete(path);
    else kept.add(path);
  }
  const folders = new Map<string, string>();
  for (const path of kept) for (const parent of parentsOf(path)) folders.set(parent, path);
  const seen = new Set<string>();
  return writes.flatMap(({ path, content }) => {
    const name = JSON.stringify(path);
    if (seen.has(path)) return [`${name}: written twice`];
    seen.add(path);
    if (content === null) return [];
    if (folders.has(path)) return [`${name}: a folder, not a file`];
    const parent = parentsOf(path).find((folder) => kept.has(folder));
    return parent === undefined ? [] : [`${name}: ${JSON.stringify(parent)} is not a folder`];
  });
}

function parentsOf(path: string): string[] {
  const segments = path.split('/');
  return segments.slice(1).map((_segment, at) => segments.slice(0, at + 1).join('/'));
}

/** Git passes over a path it does not like with a word on stderr only. */
async function notWritten(ours: Ours, tree: string, writes: readonly FileWrite[]): Promise<string[]> {
  const after = new Set((await filesOf(ours, tree)).map(({ path }) => path));
  return writes.filter(({ path, content }) => after.has(path) !== (content !== null)).map(({ path }) => `${JSON.stringify(path)}: git does not accept the path`);
}
