// Publishing
// ==========
// The only writes to the user's repository: the two branches of a run. By fetch and compare-and-swap, never a push.

import { createHash } from 'node:crypto';
import type { PublishResult } from '#src/ports/workspace.ts';
import { type Ours, followShallow } from './bare.ts';
import { type GitCall, git, resolveRevision, runGit } from './git.ts';
import { moveRef } from './refs.ts';
import { type UserRepository, unusable } from './repository.ts';

const runRef = (run: string): string => `refs/heads/autopack/run-${run}`;
const preRunRef = (run: string): string => `refs/heads/autopack/pre-run-${run}`;
/** In ours: where a run began, where its branch shall be, where we know to have put it. */
const baseRef = (run: string): string => `refs/autopack/base/${run}`;
const wantedRef = (run: string): string => `refs/autopack/wanted/${run}`;
const publishedRef = (run: string): string => `refs/autopack/published/${run}`;

const NO_FILE = ['--no-write-fetch-head', '--no-tags', '--no-prune', '--no-prune-tags', '--no-auto-maintenance', '--no-write-commit-graph'];
const FETCH = ['fetch', '--quiet', '--no-recurse-submodules', '--no-show-forced-updates', '--refmap=', '--upload-pack=git-upload-pack', ...NO_FILE];

/** @returns false when the branch is there and says something else. */
export async function markStart(theirs: UserRepository, run: string, base: string): Promise<boolean> {
  const ref = preRunRef(run);
  return (await moveRef({ gitDir: theirs.commonDir, ref, to: base, from: null }, theirs.call)) || (await resolveRevision(ref, theirs.call)) === base;
}

/**
 * A run that could not begin is prepared again, perhaps on a base that was mended: the mark follows if it is still ours.
 *
 * @throws ExecutorError `workspace.unusable` when somebody else made or moved it.
 */
export async function moveStart(theirs: UserRepository, ours: Ours, { run, base }: { run: string; base: string }): Promise<void> {
  const earlier = await resolveRevision(baseRef(run), ours.call);
  if (earlier !== null && !(await checkedOut(theirs, preRunRef(run))) && (await moveRef({ gitDir: theirs.commonDir, ref: preRunRef(run), to: base, from: earlier }, theirs.call))) return;
  throw unusable(`the branch autopack/pre-run-${run} cannot be made: it is there at another commit, or refs are not writable`, `Remove it: git branch -D autopack/pre-run-${run}`);
}

/** Keeps the base known to our repository, for `unmarkStart`. */
export async function keepBase(ours: Ours, run: string, base: string): Promise<void> {
  if (!(await moveRef({ gitDir: ours.gitDir, ref: baseRef(run), to: base }, ours.call))) throw unusable('our own repository cannot be written', 'Make sure that the state folder can be written and has free space.');
}

/** The same where nothing is kept yet: a later commit of the run is not where it began. */
export async function keepBaseIfNone(ours: Ours, run: string, base: string): Promise<void> {
  if ((await resolveRevision(baseRef(run), ours.call)) === null) await keepBase(ours, run, base);
}

/** Removes the branch where the run began, if nobody has moved it or works on it. */
export async function unmarkStart(theirs: UserRepository, ours: Ours, run: string): Promise<void> {
  const base = await resolveRevision(baseRef(run), ours.call);
  if (base === null || (await checkedOut(theirs, preRunRef(run)))) return;
  await moveRef({ gitDir: theirs.commonDir, ref: preRunRef(run), to: null, from: base }, theirs.call);
}

export async function publish(theirs: UserRepository, ours: Ours, { run, commit }: { run: string; commit: string }): Promise<PublishResult> {
  const ref = runRef(run);
  const current = await resolveRevision(ref, theirs.call);
  const reason = await refusal(theirs, ours, { run, commit, current });
  if (reason !== null) return { ok: false, reason };
  if (current !== commit) {
    if (!(await fetched(theirs, ours, wantedRef(run)))) return { ok: false, reason: 'the objects could not be brought into your repository' };
    if (!(await moveRef({ gitDir: theirs.commonDir, ref, to: commit, from: current }, theirs.call))) return { ok: false, reason: `the branch autopack/run-${run} could not be moved: it changed meanwhile, or refs are not writable` };
  }
  await moveRef({ gitDir: ours.gitDir, ref: publishedRef(run), to: commit }, ours.call);
  return { ok: true };
}

interface Publication {
  readonly run: string;
  readonly commit: string;
  /** Where the user's branch is. */
  readonly current: string | null;
}

async function refusal(theirs: UserRepository, ours: Ours, { run, commit, current }: Publication): Promise<string | null> {
  const earlier = await Promise.all([publishedRef(run), wantedRef(run)].map((ref) => resolveRevision(ref, ours.call)));
  if (!(await moveRef({ gitDir: ours.gitDir, ref: wantedRef(run), to: commit }, ours.call))) {
    return (await resolveRevision(`${commit}^{commit}`, ours.call)) === null ? `the commit ${commit} is not in our repository` : 'our own repository cannot be written';
  }
  if (current === commit) return null;
  if (await checkedOut(theirs, runRef(run))) return `the branch autopack/run-${run} is checked out in one of your working trees`;
  if (current === null) return null;
  for (const ours_ of [commit, ...earlier]) if (ours_ !== null && (await isAncestor(current, ours_, ours.call))) return null;
  return `the branch autopack/run-${run} was moved by somebody else`;
}

export const isAncestor = async (older: string, newer: string, call: GitCall): Promise<boolean> =>
  older === newer || (await runGit(['merge-base', '--is-ancestor', older, newer], call)).code === 0;

async function checkedOut(theirs: UserRepository, ref: string): Promise<boolean> {
  const { code, stdout } = await runGit(['worktree', 'list', '--porcelain', '-z'], theirs.call);
  return code !== 0 || stdout.toString('utf8').split('\0').includes(`branch ${ref}`);
}

/** Absolute folders of the working trees in which a branch is checked out. */
export async function worktreesWith(theirs: UserRepository, ref: string): Promise<string[]> {
  const trees = (await git(['worktree', 'list', '--porcelain', '-z'], theirs.call)).toString('utf8').split('\0\0').map((tree) => tree.split('\0'));
  return trees.filter((lines) => lines.includes(`branch ${ref}`)).flatMap((lines) => lines.find((line) => line.startsWith('worktree '))?.slice('worktree '.length) ?? []);
}

/** Our objects into their repository, no ref of theirs. */
async function fetched(theirs: UserRepository, ours: Ours, ref: string): Promise<boolean> {
  await followShallow(ours.gitDir, theirs);
  return (await runGit([...FETCH, `${nonce(ours)}:`, ref], fetchCall(theirs, ours))).code === 0;
}

/** What a commit of ours needs is brought into their repository. @throws ExecutorError `workspace.unusable` */
export async function bring(theirs: UserRepository, ours: Ours, { run, commit }: { run: string; commit: string }): Promise<void> {
  const ref = `refs/autopack/merge/${run}`;
  if (!(await moveRef({ gitDir: ours.gitDir, ref, to: commit }, ours.call)) || !(await fetched(theirs, ours, ref))) throw unusable('the objects could not be brought into your repository', 'Make sure that it can be written and has free space.');
}

/** An address that only our own configuration can resolve: no `insteadOf` and no `remote.*` of the user knows it. */
const nonce = ({ gitDir }: Ours): string => `autopack-${createHash('sha256').update(gitDir).digest('hex')}`;

function fetchCall(theirs: UserRepository, ours: Ours): GitCall {
  const call = { cwd: theirs.commonDir, gitDir: theirs.commonDir };
  return { ...call, config: [[`url.${ours.gitDir}.insteadOf`, `${nonce(ours)}:`]] };
}
