// Merging a run into a branch
// ===========================
// The one write to a branch of the user's, and only when they ask for it by `merge`. What comes out is made in our
// repository, where no hook or driver of theirs runs; then one branch moves by compare-and-swap. Their working tree and
// index follow only where that branch is checked out in the folder that they name and clean, by their own git.
// Why so: docs/adr/0007-merge-moves-one-branch.md.

import { lstat, readFile } from 'node:fs/promises';
import path from 'node:path';
import { commitBytes } from '#src/domain/commit-id.ts';
import { type Ours, openBare } from './bare.ts';
import { git, gitLine, resolveRevision, runGit, zeroSeparated } from './git.ts';
import { bring, isAncestor, worktreesWith } from './publish.ts';
import { type UserRepository, findRepository, unusable } from './repository.ts';

export interface MergeRequest {
  readonly run: string;
  /** The head of the run. */
  readonly commit: string;
  /** A branch's short name; null for the one that is checked out. */
  readonly into: string | null;
  /** A merge commit also where the branch could be moved forward. */
  readonly always: boolean;
  readonly message: string;
  readonly atSeconds: number;
}

export interface Merged {
  readonly kind: 'already' | 'fast_forward' | 'merge';
  readonly branch: string;
  readonly before: string;
  readonly commit: string;
  /** Whether the working tree followed. */
  readonly checkedOut: boolean;
}

interface Places {
  readonly theirs: UserRepository;
  readonly ours: Ours;
}

/** @throws ExecutorError `workspace.unusable` with the way out: nothing was moved. */
export async function mergeRun({ userRepo, home }: { userRepo: string; home: string }, request: MergeRequest): Promise<Merged> {
  const theirs = await findRepository(userRepo);
  const places = { theirs, ours: await openBare(theirs, home) };
  const branch = request.into ?? (await currentBranch(theirs));
  const ref = `refs/heads/${branch}`;
  if (branch.startsWith('autopack/')) throw unusable(`${branch} is a branch of a run`, 'Give another with --into.');
  const before = branch.startsWith('-') ? null : await resolveRevision(`${ref}^{commit}`, theirs.call);
  if (before === null) throw unusable(`there is no branch ${branch}`, `Make it: git branch ${branch.startsWith('-') ? 'NAME' : branch} BASE`);
  const done = { branch, before, checkedOut: false };
  if (await isAncestor(request.commit, before, places.ours.call)) return { ...done, kind: 'already', commit: before };
  const checkedOut = await isCheckedOutHere(theirs, ref, request);
  const isForward = !request.always && (await isAncestor(before, request.commit, places.ours.call));
  const commit = isForward ? request.commit : await mergeCommit(places.ours, before, { ...request, into: branch });
  if (checkedOut) await refuseInTheWay(places, before, commit);
  await bring(places.theirs, places.ours, { run: request.run, commit });
  await (checkedOut ? moveCheckedOut(theirs, commit) : moveBranch(theirs, { ref, before, commit }));
  return { ...done, kind: isForward ? 'fast_forward' : 'merge', commit, checkedOut };
}

async function currentBranch({ call }: UserRepository): Promise<string> {
  const { code, stdout } = await runGit(['symbolic-ref', '--quiet', '--short', 'HEAD'], call);
  if (code !== 0) throw unusable('no branch is checked out', 'Name one with --into.');
  return stdout.toString('utf8').trim();
}

/** @throws ExecutorError `workspace.unusable` where somebody works on it */
async function isCheckedOutHere(theirs: UserRepository, ref: string, { run }: MergeRequest): Promise<boolean> {
  const name = ref.slice('refs/heads/'.length);
  const folders = await worktreesWith(theirs, ref);
  if ((await rebased(theirs)).includes(ref)) throw unusable(`${name} is being rebased`, 'Finish it: git rebase --continue, or --abort.');
  if (folders.length === 0) return false;
  if (!folders.includes(theirs.root)) throw unusable(`${name} is checked out in another of your working trees`, `Give that folder with -C: ${folders[0] ?? ''}`);
  const changed = zeroSeparated(await git(['-C', theirs.root, '-c', 'core.fsmonitor=false', 'status', '--porcelain=v1', '-z', '--untracked-files=no', '--no-renames'], { cwd: '/', asUser: true })).map((line) => line.slice(3));
  if (changed.length > 0) throw unusable(`${name} is checked out and has uncommitted changes: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ` and ${changed.length - 5} more` : ''}`, `Commit or stash them, or merge into another branch: autopack merge ${run} --into BRANCH`);
  return true;
}

/** Branches whose tips are in the middle of a rebase, of this working tree. */
async function rebased({ gitDir }: UserRepository): Promise<string[]> {
  const heads = await Promise.all(['rebase-merge', 'rebase-apply'].map((folder) => readFile(path.join(gitDir, folder, 'head-name'), 'utf8').catch(() => '')));
  return heads.map((head) => head.trim()).filter((head) => head !== '');
}

async function mergeCommit(ours: Ours, before: string, { commit, run, into, message, atSeconds }: MergeRequest & { into: string }): Promise<string> {
  const { code, stdout } = await runGit(['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', before, commit], ours.call);
  const [tree = '', ...conflicts] = zeroSeparated(stdout);
  if (code === 1) throw unusable(`${run} and ${into} changed the same: ${conflicts.slice(0, 10).join(', ')}${conflicts.length > 10 ? ` and ${conflicts.length - 10} more` : ''}`, `Merge it yourself: git switch ${into} && git merge autopack/run-${run}; or start a run from ${into} with the same plan`);
  if (code !== 0) throw unusable(`${run} and ${into} cannot be merged`, 'They may have no commit in common; give another branch with --into.');
  return gitLine(['hash-object', '-t', 'commit', '-w', '--stdin'], { ...ours.call, input: commitBytes({ tree, parent: before, merged: commit, message, atSeconds }) });
}

async function moveBranch({ call }: UserRepository, { ref, before, commit }: { ref: string; before: string; commit: string }): Promise<void> {
  const { code } = await runGit(['update-ref', '--no-deref', '-m', 'autopack merge', ref, commit, before], { ...call, config: [...(call.config ?? []), ['core.logAllRefUpdates', 'true']] });
  if (code !== 0) throw unusable(`${ref.slice('refs/heads/'.length)} could not be moved: it changed meanwhile, or refs are not writable`, 'Try again.');
}

/** New paths that something untracked of theirs stands at, ignored files too: git would write over those without a word. */
async function refuseInTheWay({ theirs, ours }: Places, before: string, commit: string): Promise<void> {
  const made = zeroSeparated(await git(['diff-tree', '-r', '-z', '--name-only', '--no-renames', '--diff-filter=A', before, commit], ours.call));
  const stands = (name: string): Promise<boolean> => lstat(path.join(theirs.root, name)).then(() => true, () => false);
  const found = (await Promise.all(made.map(async (name) => ((await stands(name)) ? [name] : [])))).flat();
  if (found.length > 0) throw unusable(`files of yours that are not committed are in the way: ${found.slice(0, 5).join(', ')}${found.length > 5 ? ` and ${found.length - 5} more` : ''}`, 'Move or commit them.');
}

/** Their own git, with their filters and line ends, without their hooks: it refuses before it would write over anything. */
async function moveCheckedOut({ root }: UserRepository, commit: string): Promise<void> {
  const quiet = ['core.hooksPath=/dev/null', 'core.fsmonitor=false', 'gc.auto=0', 'maintenance.auto=false'].flatMap((setting) => ['-c', setting]);
  const { code } = await runGit(['-C', root, ...quiet, 'merge', '--ff-only', '--no-autostash', '--no-overwrite-ignore', '--quiet', commit], { cwd: '/', asUser: true });
  if (code !== 0) throw unusable('your git did not move the branch: it changed meanwhile, or something else is under way', 'See `git status`, then try again.');
}
