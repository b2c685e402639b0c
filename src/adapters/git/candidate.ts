// Candidates
// ==========
// A change on a tree, made in a private index: a new tree or a list of problems, never half of it.

import type { Candidate, TreeFile } from '#src/ports/workspace.ts';
import { type Ours, withIndex } from './bare.ts';
import { type GitCall, git, gitLine, runGit } from './git.ts';
import { type Hunk, type Patch, followLineEnds, inconsistentHunks, lineEndsOf, occurrences, parsePatch, sanitisePatch } from './patch-lines.ts';
import { compareTrees, filesOf, readBlobs } from './trees.ts';

const refused = (problems: readonly string[]): Candidate => ({ ok: false, problems });

export async function candidateOf(ours: Ours, from: string, to: string): Promise<Candidate> {
  return { ok: true, tree: to, ...(await compareTrees(ours, from, to)) };
}

/** Strict: no fuzz, counts must match, a shifted hunk only where its context is unique; line ends follow the base. */
export async function applyDiff(ours: Ours, tree: string, diff: string): Promise<Candidate> {
  if (diff.trim() === '') return candidateOf(ours, tree, tree);
  const patch = parsePatch(sanitisePatch(diff));
  if (patch.problems.length > 0) return refused(patch.problems);
  return withIndex(ours, async (call) => {
    const first = await applyOnce(ours, tree, patch, call);
    if (first.ok && !(await mixesLineEnds(ours, first))) return first;
    const followed = parsePatch(await withBaseLineEnds(ours, tree, patch));
    if (followed.lines.every((line, at) => line === patch.lines[at])) return first;
    return applyOnce(ours, tree, followed, call);
  });
}

async function applyOnce(ours: Ours, tree: string, patch: Patch, call: GitCall): Promise<Candidate> {
  await git(['read-tree', tree], call);
  const args = ['apply', '--cached', '--verbose', '--whitespace=nowarn', '-p1', '-'];
  const { code, stderr } = await runGit(args, { ...call, input: `${patch.lines.join('\n')}\n` });
  if (code !== 0) return refused(problemsOf(stderr, ours.gitDir));
  const ambiguous = await ambiguousHunks(ours, tree, patch, stderr);
  if (ambiguous.length > 0) return refused(ambiguous);
  return candidateOf(ours, tree, await gitLine(['write-tree'], call));
}

/** Git's own words, of which only paths of the patch may remain. */
export function problemsOf(stderr: string, gitDir: string): string[] {
  const said = stderr.split('\n').filter((line) => /^(error|fatal): /.test(line)).map((line) => line.replace(/^(error|fatal): /, '').replaceAll(gitDir, '.'));
  return said.length > 0 ? said.slice(0, 50).map((line) => line.slice(0, 500)) : ['git does not accept the change'];
}

/** A hunk that git found elsewhere than its header says may be anywhere its context occurs. */
async function ambiguousHunks(ours: Ours, tree: string, patch: Patch, stderr: string): Promise<string[]> {
  const shifted = shiftedHunks(patch, stderr);
  if (shifted.length === 0) return [];
  const paths = shifted.map(({ path }) => path);
  const bases = await contentsOf(ours, tree, paths);
  return shifted.flatMap(({ path, hunk }) => {
    const count = occurrences(patch, hunk, bases.get(path)?.toString('utf8') ?? '');
    return count === 1 ? [] : [`${path}:${hunk.oldStart}: the hunk does not fit there, and its context occurs ${count} times in the file`];
  });
}

function shiftedHunks(patch: Patch, stderr: string): { path: string; hunk: Hunk }[] {
  const said = stderr.split(/^Checking patch .*$/m).slice(1);
  return patch.files.flatMap((file, at) => {
    const moved = inconsistentHunks(file);
    // Git tells the files in the order of the patch; where we count other ones than git, any shift is suspect.
    const about = said.length === patch.files.length ? (said[at] ?? '') : stderr;
    for (const [, number] of about.matchAll(/^Hunk #(\d+) succeeded at \d+ \(offset/gm)) moved.add(Number(number) - 1);
    return file.hunks.filter((_hunk, index) => moved.has(index)).map((hunk) => ({ path: file.oldPath ?? '', hunk }));
  });
}

async function contentsOf(ours: Ours, tree: string, paths: readonly string[]): Promise<Map<string, Buffer>> {
  const wanted = new Set(paths);
  const files = (await filesOf(ours, tree)).filter(({ path, mode }) => wanted.has(path) && mode.startsWith('100'));
  const contents = await readBlobs(ours, files.map(({ blob }) => blob));
  return new Map(files.map(({ path }, at) => [path, contents[at] ?? Buffer.alloc(0)]));
}

async function withBaseLineEnds(ours: Ours, tree: string, patch: Patch): Promise<string> {
  const bases = await contentsOf(ours, tree, patch.files.flatMap(({ oldPath }) => oldPath ?? []));
  return followLineEnds(patch, (path) => lineEndsOf(bases.get(path) ?? Buffer.alloc(0)));
}

/** A file whose lines all ended alike and no longer do. */
async function mixesLineEnds(ours: Ours, candidate: Candidate & { ok: true }): Promise<boolean> {
  const changed = candidate.changes.filter(({ oldMode, newMode, binary }) => oldMode.startsWith('100') && newMode.startsWith('100') && !binary);
  const ends = (await readBlobs(ours, changed.flatMap(({ oldBlob, newBlob }) => [oldBlob, newBlob]))).map(lineEndsOf);
  return changed.some((_change, at) => (ends[2 * at] === 'lf' || ends[2 * at] === 'crlf') && ends[2 * at + 1] === 'mixed');
}

export const isRegular = ({ mode }: Pick<TreeFile, 'mode'>): boolean => mode === '100644' || mode === '100755';
