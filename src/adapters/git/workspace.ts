// Workspace with git
// ==================
// The adapter of the Workspace port; each promise is kept in the file that its method calls.

import { ExecutorError, invariant } from '#src/errors/errors.ts';
import type { Inspection, Workspace, WorkspaceFacts } from '#src/ports/workspace.ts';
import { type Ours, isSound, openBare } from './bare.ts';
import { applyDiff, carry } from './candidate.ts';
import { applyFiles } from './candidate-files.ts';
import { makeCheckout, removeCheckouts } from './checkout.ts';
import { writeCommit } from './commit.ts';
import { keepBase, keepBaseIfNone, markStart, moveStart, publish, unmarkStart } from './publish.ts';
import { type UserRepository, findRepository, refuseUnsuitable, resolveBase } from './repository.ts';
import { filesOf, hasTree, isWhole, readBlobs, treeOf } from './trees.ts';
import { placeWarnings, warningsFor } from './warnings.ts';

interface Places {
  readonly theirs: UserRepository;
  readonly ours: Ours;
  /** Runs whose beginning is kept in ours. */
  readonly begun: Set<string>;
}

/** @param home absolute; the state folder. @param userRepo any folder inside the user's working tree. */
export function gitWorkspace({ userRepo, home }: { userRepo: string; home: string }): Workspace {
  let opened: Promise<Places> | null = null;
  const open = (): Promise<Places> => {
    opened ??= openPlaces(userRepo, home).catch((error: unknown) => {
      opened = null; // the next call may find it mended
      throw error;
    });
    return opened;
  };
  const on = <T>(use: (places: Places) => Promise<T>): Promise<T> => translated(async () => use(await open()));
  return {
    inspect: (base) => translated(() => inspect(base, userRepo, open)),
    prepare: (run, base) => {
      opened = null;
      return translated(() => prepare({ run: safeRun(run), base, userRepo, open }));
    },
    reopen: (run, base) =>
      on(async ({ theirs, ours }) => {
        if (!(await isSound(ours.gitDir, theirs))) opened = null;
        await reopen(await open(), safeRun(run), base);
      }),
    files: (tree) => on(({ ours }) => filesOf(ours, tree)),
    readAll: (blobs) => on(({ ours }) => readBlobs(ours, blobs)),
    treeOf: (commit) => on(({ ours }) => treeOf(ours, commit)),
    isWhole: (id, base) => on(({ ours }) => isWhole(ours, id, base)),
    applyDiff: (tree, diff) => on(({ ours }) => applyDiff(ours, tree, diff)),
    applyFiles: (tree, writes) => on(({ ours }) => applyFiles(ours, tree, writes)),
    carry: (change) => on(({ ours }) => carry(ours, change)),
    checkout: (tree, mark, fill) => on(({ theirs, ours }) => makeCheckout(ours, { home, tree, userRoot: theirs.root, fill, ...markParts(mark) })),
    commit: (request) => on(({ ours }) => writeCommit(ours, request)),
    publish: async (run, commit) => {
      try {
        return await on(({ theirs, ours }) => publish(theirs, ours, { run: safeRun(run), commit }));
      } catch (error) {
        if (!(error instanceof ExecutorError)) throw error;
        return { ok: false, reason: error.message }; // an alert, never an outcome
      }
    },
    clean: async (run, success) => {
      await translated(() => removeCheckouts(home, safeRun(run)));
      if (success) await on(({ theirs, ours }) => unmarkStart(theirs, ours, run));
    },
  };
}

/** What the system says of our folders, in words of the catalogue. @throws ExecutorError `workspace.unusable` */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const code = error instanceof Error && 'syscall' in error && 'code' in error ? String(error.code) : null;
    if (code === null) throw error;
    throw new ExecutorError('workspace.unusable', `the state folder cannot be used: ${code}`, { cause: error, hint: 'Make sure that it can be written and has free space.' });
  }
}

async function openPlaces(userRepo: string, home: string): Promise<Places> {
  const theirs = await findRepository(userRepo);
  return { theirs, ours: await openBare(theirs, home), begun: new Set() };
}

async function inspect(base: string | null, userRepo: string, open: () => Promise<Places>): Promise<Inspection> {
  const found = await findRepository(userRepo);
  await refuseUnsuitable(found);
  const commit = await resolveBase(found, base);
  const { ours } = await open();
  return { root: found.root, base: commit, tree: await treeOf(ours, commit), warnings: placeWarnings(found) };
}

async function prepare({ run, base, userRepo, open }: { run: string; base: string | null; userRepo: string; open: () => Promise<Places> }): Promise<WorkspaceFacts> {
  const found = await findRepository(userRepo);
  await refuseUnsuitable(found);
  const commit = await resolveBase(found, base);
  const isMarked = await markStart(found, run, commit); // before anything else is made
  const { theirs, ours } = await open();
  if (!isMarked) await moveStart(theirs, ours, { run, base: commit });
  await keepBase(ours, run, commit);
  const tree = await treeOf(ours, commit);
  const warnings = await warningsFor(theirs, ours, await filesOf(ours, tree));
  return { base: commit, tree, objectFormat: ours.objectFormat, warnings };
}

async function reopen({ ours, begun }: Places, run: string, base: string): Promise<void> {
  if (!(await hasTree(ours, base))) {
    throw new ExecutorError('workspace.unusable', `the base commit ${base} is not in the repository`, { hint: `Bring it back, for example: git fetch origin ${base}` });
  }
  if (!begun.has(run)) await keepBaseIfNone(ours, run, base);
  begun.add(run);
}

/** A run id becomes part of a path and of a branch's name. */
function safeRun(run: string): string {
  invariant(/^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*$/.test(run) && !run.endsWith('.lock'), 'W1', 'a run id is not fit for a branch name');
  return run;
}

function markParts(mark: string): { run: string; effect: string } {
  const slash = mark.indexOf('/');
  invariant(slash > 0, 'W5', 'a mark is <run>/<effect id>');
  return { run: safeRun(mark.slice(0, slash)), effect: mark.slice(slash + 1) };
}
