// Views on disk
// =============
// Writes the files for people into `.autonomous_runs` of the user's repository; the folder ignores itself.

import { lstat, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { runFolder, viewFiles, views as allViews, type Views } from '#projections/files.ts';
import { ExecutorError } from '#src/errors/errors.ts';
import type { Divergence } from '#src/kernel/log.ts';
import type { RunRecord } from '#src/record/record.ts';

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

export interface FilesHeld {
  /** The record that they tell of: those of a run that goes on are behind it. */
  readonly seq: number;
  readonly files: number;
  /** The first file that is not what the records say. */
  readonly divergence: Divergence | null;
}

/** Makes the run's files of `root` again from its history. @returns null where it has none there. */
export async function holdFiles(root: string, run: string, records: AsyncIterable<RunRecord>): Promise<FilesHeld | null> {
  let views = allViews.initial;
  let folder: string | null = null;
  let seq = Number.MAX_SAFE_INTEGER;
  for await (const record of records) {
    views = allViews.apply(views, record);
    if (record.run !== run) continue;
    if (folder === null) {
      folder = join(root, '.autonomous_runs', runFolder(views.run.project, run));
      seq = await seqTold(folder);
    }
    if (record.seq >= seq) break;
  }
  if (folder === null || !(await lstat(folder).then((found) => found.isDirectory(), () => false))) return null;
  const files = viewFiles(views);
  const at = views.run.head.seq;
  for (const { path, text } of files) {
    const stored = await readFile(join(folder, path), 'utf8').catch(() => null);
    if (stored !== text) return { seq: at, files: files.length, divergence: { run, seq: at, what: 'files', ...differingLine(path, stored, text) } };
  }
  return { seq: at, files: files.length, divergence: null };
}

const Told = z.object({ head: z.object({ seq: z.int().nonnegative() }) });

/** Which record the files tell of; the head where they do not say. */
async function seqTold(folder: string): Promise<number> {
  const text = await readFile(join(folder, 'state.json'), 'utf8').catch(() => '');
  try {
    return Told.parse(JSON.parse(text)).head.seq;
  } catch {
    return Number.MAX_SAFE_INTEGER;
  }
}

function differingLine(path: string, stored: string | null, made: string): { expected: unknown; actual: unknown } {
  if (stored === null) return { expected: `no file ${path}`, actual: `a file ${path}` };
  const [there, here] = [stored.split('\n'), made.split('\n')];
  const line = here.findIndex((text, i) => text !== there[i]);
  const at = line === -1 ? here.length : line;
  return { expected: { path, line: at + 1, text: there[at] ?? null }, actual: { path, line: at + 1, text: here[at] ?? null } };
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
