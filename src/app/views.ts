// Views on disk
// =============
// Writes the files for people into `.autonomous_runs` of the user's repository; the folder ignores itself.

import { lstat, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { runFolder, viewFiles, type Views } from '#projections/files.ts';
import { ExecutorError } from '#src/errors/errors.ts';

let written = 0;

/** a unique temporary name in the same folder, then a rename. */
async function replace(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  written += 1;
  const fresh = join(dirname(path), `.${process.pid}-${written}.tmp`);
  await writeFile(fresh, text);
  await rename(fresh, path);
}

/**
 * @param root absolute: the top of the user's working tree.
 * @returns the run's folder, and how many files were written.
 */
export async function writeViews(root: string, views: Views): Promise<{ readonly folder: string; readonly files: number }> {
  const { project, run } = views.run;
  const base = join(root, '.autonomous_runs');
  await refuseElsewhere(root, base);
  await replace(join(base, '.gitignore'), '*\n');
  const folder = join(base, runFolder(project, run));
  const files = viewFiles(views);
  for (const { path, text } of files) await replace(join(folder, path), text);
  await removeOthers(folder, new Set(files.map(({ path }) => path)));
  return { folder, files: files.length };
}

/** A repository that is gone is not made again, and one that links our name to elsewhere does not choose where we write. */
async function refuseElsewhere(root: string, base: string): Promise<void> {
  const isThere = await lstat(root).then(() => true, () => false);
  const isLink = await lstat(base).then((found) => found.isSymbolicLink(), () => false);
  if (!isThere || isLink) throw new ExecutorError('workspace.unusable', isLink ? '.autonomous_runs is a link' : 'the repository is not there any more', { hint: isLink ? 'Remove the link.' : 'Give its folder with -C.' });
}

/** What no view makes any more, and what a crash left half written. */
async function removeOthers(folder: string, kept: ReadonlySet<string>): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    if (!kept.has(path.slice(folder.length + 1))) await rm(path, { force: true });
  }
}
