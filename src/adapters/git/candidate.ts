// Candidates
// ==========
// A change on a tree, made in a private index: a new tree or a list of problems, never half of it.

import { isRegular } from '#src/domain/path-policy.ts';
import type { Candidate, Rung } from '#src/ports/workspace.ts';
import { type Ours, withIndex } from './bare.ts';
import { type GitCall, git, gitLine, runGit } from './git.ts';
import { type Hunk, type Patch, type PatchFile, followLineEnds, inconsistentHunks, lineEndsOf, occurrences, parsePatch, sanitisePatch } from './patch-lines.ts';
import { hasOneLoosePlace, nearestLines } from './patch-places.ts';
import { binaryDiff, compareTrees, filesOf, readBlobs } from './trees.ts';

const refused = (problems: readonly string[]): Candidate => ({ ok: false, problems });

export async function candidateOf(ours: Ours, { from, to, rung }: { readonly from: string; readonly to: string; readonly rung: Rung }): Promise<Candidate> {
  return { ok: true, tree: to, ...(await compareTrees(ours, from, to)), rung };
}

/** The ladder, each rung only where the one before fails; what the first said is what the next attempt is told. */
export async function applyDiff(ours: Ours, tree: string, diff: string): Promise<Candidate> {
  if (diff.trim() === '') return candidateOf(ours, { from: tree, to: tree, rung: 'strict' });
  const patch = parsePatch(sanitisePatch(diff));
  if (patch.problems.length > 0) return refused(patch.problems);
  return withIndex(ours, async (call) => {
    const candidate = await ladder({ ours, tree, patch, call });
    const elsewhere = candidate.ok ? missedBlobs(patch, candidate) : [];
    return elsewhere.length > 0 ? refused(elsewhere) : candidate;
  });
}

async function ladder(attempt: Attempt): Promise<Candidate> {
  const strict = await strictly(attempt);
  if (strict.ok) return strict;
  const loose = await ignoringWhiteSpace(attempt);
  if (loose !== null) return loose;
  return (await threeWay(attempt)) ?? refused(await withNearest(attempt, strict.problems));
}

/**
 * A patch that names the very blob that it was made from was made by git, and must lead to the blob that it names: if
 * not, a part of it was lost or changed on its way. A model does not know these names, and what it makes up says nothing.
 */
function missedBlobs({ files }: Patch, { changes }: Built): string[] {
  const blobs = new Map(changes.map(({ path, oldBlob, newBlob }) => [path, { oldBlob, newBlob }]));
  const isMade = ({ oldPath, named }: PatchFile): boolean => oldPath !== null && named !== null && blobs.get(oldPath)?.oldBlob.startsWith(named.from) === true;
  if (!files.some(isMade)) return [];
  return files.flatMap(({ newPath, named }) => {
    const blob = newPath === null || named === null ? undefined : blobs.get(newPath)?.newBlob;
    return blob === undefined || blob.startsWith(named?.to ?? '') ? [] : [`${newPath}: the patch names its result ${named?.to}, but comes to ${blob.slice(0, named?.to.length)}: a part of it is missing or was changed`];
  });
}

/** No fuzz, counts must match, a shifted hunk only where its context is unique; line ends follow the base. */
async function strictly(attempt: Attempt): Promise<Candidate> {
  const { ours, tree, patch } = attempt;
  const first = await applyOnce(attempt);
  if (first.ok && (namesResult(patch, first) || !(await mixesLineEnds(ours, first)))) return first;
  const followed = parsePatch(await withBaseLineEnds(ours, tree, patch));
  if (followed.lines.every((line, at) => line === patch.lines[at])) return first;
  return applyOnce({ ...attempt, patch: followed });
}

/** Every file came to the blob that the patch names: its line ends are meant. */
const namesResult = ({ files }: Patch, { changes }: Built): boolean =>
  files.every(({ newPath, named }) => newPath === null || (named !== null && changes.some(({ path, newBlob }) => path === newPath && newBlob.startsWith(named.to))));

type Built = Candidate & { ok: true };

interface Attempt {
  readonly ours: Ours;
  readonly tree: string;
  readonly patch: Patch;
  readonly call: GitCall;
}

const APPLY = ['apply', '--cached', '--verbose', '--whitespace=nowarn', '-p1'];
const bytesOf = ({ lines }: Patch): string => `${lines.join('\n')}\n`;

async function applyOnce({ ours, tree, patch, call }: Attempt): Promise<Candidate> {
  await git(['read-tree', tree], call);
  const { code, stderr } = await runGit([...APPLY, '-'], { ...call, input: bytesOf(patch) });
  if (code !== 0) return refused(problemsOf(stderr, ours.gitDir));
  const ambiguous = await ambiguousHunks({ ours, tree, patch, call }, stderr);
  if (ambiguous.length > 0) return refused(ambiguous);
  return candidateOf(ours, { from: tree, to: await gitLine(['write-tree'], call), rung: 'strict' });
}

/** White space of context may differ, where each hunk still has one place and its indentation means nothing. */
async function ignoringWhiteSpace({ ours, tree, patch, call }: Attempt): Promise<Candidate | null> {
  const bases = await contentsOf(ours, tree, patch.files.flatMap(({ oldPath }) => oldPath ?? []));
  const safe = patch.files.every(({ oldPath, hunks }) => hunks.every((hunk) => oldPath === null || hasOneLoosePlace({ patch, hunk, path: oldPath, base: bases.get(oldPath)?.toString('utf8') ?? '' })));
  if (!safe) return null;
  await git(['read-tree', tree], call);
  const { code } = await runGit([...APPLY, '--ignore-whitespace', '-'], { ...call, input: bytesOf(patch) });
  return code === 0 ? candidateOf(ours, { from: tree, to: await gitLine(['write-tree'], call), rung: 'whitespace' }) : null;
}

/** Only with the very blobs that the patch names: git would else apply it somewhere that looks alike. */
async function threeWay({ ours, tree, patch, call }: Attempt): Promise<Candidate | null> {
  const after = await mergedTree({ tree, input: bytesOf(patch), whole: patch.files.filter(({ isWhole }) => isWhole).length, call });
  return after === null ? null : candidateOf(ours, { from: tree, to: after, rung: 'three_way' });
}

/** @param whole how many files are made or deleted: git applies those directly, and no others may it. */
async function mergedTree({ tree, input, whole, call }: { readonly tree: string; readonly input: string | Buffer; readonly whole: number; readonly call: GitCall }): Promise<string | null> {
  await git(['read-tree', tree], call);
  const { code, stderr } = await runGit([...APPLY, '--3way', '-'], { ...call, input });
  const direct = stderr.match(/^Falling back to direct application/gm) ?? [];
  return code !== 0 || direct.length > whole ? null : gitLine(['write-tree'], call);
}

/** The change between two trees, done to a third. Its blobs are all known, so the merge is exact or a conflict. */
export async function carry(ours: Ours, { from, to, onto }: { readonly from: string; readonly to: string; readonly onto: string }): Promise<Candidate> {
  if (from === onto) return candidateOf(ours, { from, to, rung: 'strict' });
  const change = await compareTrees(ours, from, to);
  const moved = new Set((await compareTrees(ours, from, onto)).changes.map(({ path }) => path));
  const paths = change.changes.map(({ path }) => path);
  if (paths.length === 0) return candidateOf(ours, { from: onto, to: onto, rung: 'strict' });
  return withIndex(ours, async (call) => {
    // Files that come, go or change their mode alone have nothing to merge: git applies them directly.
    const whole = change.changes.filter(({ oldMode, newMode, oldBlob, newBlob }) => oldMode === '000000' || newMode === '000000' || oldBlob === newBlob).length;
    const after = await mergedTree({ tree: onto, input: await binaryDiff(ours, from, to), whole, call });
    const met = paths.filter((path) => moved.has(path));
    if (after === null) return refused(met.map((path) => `${path}: it changed on the branch meanwhile, and both changes meet`).concat(met.length === 0 ? ['the change does not fit the branch any more'] : []));
    return candidateOf(ours, { from: onto, to: after, rung: met.length === 0 ? 'strict' : 'three_way' });
  });
}

/** Where the lines of a failed hunk are most likely meant, so that the next attempt sees what stands there. */
async function withNearest({ ours, tree, patch }: Attempt, problems: readonly string[]): Promise<string[]> {
  const places = problems.flatMap((problem) => /^patch failed: (.*):(\d+)$/.exec(problem)?.slice(1, 3) ?? []);
  const wanted = patch.files.flatMap(({ oldPath, hunks }) => hunks.filter(({ oldStart }) => oldPath !== null && places.some((place, at) => place === oldPath && Number(places[at + 1]) === oldStart)).map((hunk) => ({ path: oldPath ?? '', hunk })));
  const bases = await contentsOf(ours, tree, wanted.map(({ path }) => path));
  return [...problems, ...wanted.slice(0, 5).flatMap(({ path, hunk }) => nearestLines({ patch, hunk, path, base: bases.get(path)?.toString('utf8') ?? '' }))];
}

/** Git's own words, of which only paths of the patch may remain. */
export function problemsOf(stderr: string, gitDir: string): string[] {
  const said = stderr.split('\n').filter((line) => /^(error|fatal): /.test(line)).map((line) => line.replace(/^(error|fatal): /, '').replaceAll(gitDir, '.'));
  return said.length > 0 ? said.slice(0, 50).map((line) => line.slice(0, 500)) : ['git does not accept the change'];
}

/** A hunk that git found elsewhere than its header says may be anywhere its context occurs. */
async function ambiguousHunks({ ours, tree, patch }: Attempt, stderr: string): Promise<string[]> {
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
  const files = (await filesOf(ours, tree)).filter(({ path, mode }) => wanted.has(path) && isRegular(mode));
  const contents = await readBlobs(ours, files.map(({ blob }) => blob));
  return new Map(files.map(({ path }, at) => [path, contents[at] ?? Buffer.alloc(0)]));
}

async function withBaseLineEnds(ours: Ours, tree: string, patch: Patch): Promise<string> {
  const bases = await contentsOf(ours, tree, patch.files.flatMap(({ oldPath }) => oldPath ?? []));
  return followLineEnds(patch, (path) => lineEndsOf(bases.get(path) ?? Buffer.alloc(0)));
}

/** A file whose lines all ended alike and no longer do. */
async function mixesLineEnds(ours: Ours, candidate: Built): Promise<boolean> {
  const changed = candidate.changes.filter(({ oldMode, newMode, binary }) => isRegular(oldMode) && isRegular(newMode) && !binary);
  const ends = (await readBlobs(ours, changed.flatMap(({ oldBlob, newBlob }) => [oldBlob, newBlob]))).map(lineEndsOf);
  return changed.some((_change, at) => (ends[2 * at] === 'lf' || ends[2 * at] === 'crlf') && ends[2 * at + 1] === 'mixed');
}
