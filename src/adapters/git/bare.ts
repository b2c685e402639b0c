// Our bare repository
// ===================
// One for each repository of the user, below the state folder; it borrows the user's objects and no foreign code ever
// sees it. Trees, diffs and commits are made here.

import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { ObjectFormat } from '#src/ports/workspace.ts';
import { type GitCall, git } from './git.ts';
import { type UserRepository, unusable } from './repository.ts';

export interface Ours {
  readonly gitDir: string;
  readonly objectFormat: ObjectFormat;
  readonly call: GitCall;
}

/** Ids and texts must not depend on the system it runs on, and what lies there is its owner's alone, whatever the umask. */
const CONFIG = [
  ['core.sharedRepository', '0600'],
  ['core.protectHFS', 'true'],
  ['core.protectNTFS', 'true'],
  ['core.autocrlf', 'false'],
  ['core.safecrlf', 'false'],
  ['core.eol', 'lf'],
  ['core.symlinks', 'true'],
  ['core.fileMode', 'true'],
  ['core.ignoreCase', 'false'],
  ['core.precomposeUnicode', 'false'],
] as const;

const PRIVATE = { mode: 0o600 } as const;

/** Opens it, makes it when it is missing or not what it should be. Safe beside another process that does the same. */
export async function openBare(theirs: UserRepository, home: string): Promise<Ours> {
  const repos = path.join(home, 'repos');
  await mkdir(repos, { recursive: true, mode: 0o700 });
  await sweep(repos);
  const gitDir = path.join(repos, `${createHash('sha256').update(theirs.commonDir).digest('hex').slice(0, 32)}.git`);
  if (!(await isSound(gitDir, theirs))) await make(gitDir, theirs);
  await sweep(path.join(gitDir, 'autopack'));
  await followShallow(gitDir, theirs);
  return { gitDir, objectFormat: theirs.objectFormat, call: { cwd: gitDir, gitDir, config: CONFIG } };
}

/** Whether it is there and borrows from the right place. */
export async function isSound(gitDir: string, theirs: UserRepository): Promise<boolean> {
  const [head, alternates, format] = await Promise.all(['HEAD', 'objects/info/alternates', 'autopack/format'].map((name) => text(path.join(gitDir, name))));
  return head !== null && alternates === alternatesLine(theirs) && format === theirs.objectFormat;
}

async function make(gitDir: string, theirs: UserRepository): Promise<void> {
  const fresh = await mkdtemp(path.join(path.dirname(gitDir), `.new-${process.pid}-`));
  await git(['init', '--quiet', '--bare', '--template=', `--object-format=${theirs.objectFormat}`, '--initial-branch=none', '--shared=0600', fresh], { cwd: '/' });
  await Promise.all(['autopack', 'info', 'objects/info'].map((name) => mkdir(path.join(fresh, name), { recursive: true, mode: 0o700 })));
  await writeFile(path.join(fresh, 'objects/info/alternates'), alternatesLine(theirs), PRIVATE);
  // The highest place for attributes: no .gitattributes of a tree chooses a driver or hides a file from a diff.
  await writeFile(path.join(fresh, 'info/attributes'), '* !diff !merge !filter !whitespace\n', PRIVATE);
  await writeFile(path.join(fresh, 'autopack/format'), theirs.objectFormat, PRIVATE);
  await chmod(fresh, 0o700);
  if (!(await moved(fresh, gitDir)) && !(await isSound(gitDir, theirs))) {
    // Nobody else was first: what lies there is damaged.
    await moved(gitDir, `${fresh}-damaged`);
    await moved(fresh, gitDir);
  }
  await Promise.all([fresh, `${fresh}-damaged`].map((folder) => rm(folder, { recursive: true, force: true })));
  if (!(await isSound(gitDir, theirs))) throw unusable('our repository beside yours could not be made', 'Remove the folder `repos` of the state folder and try again.');
}

const moved = (from: string, to: string): Promise<boolean> => rename(from, to).then(() => true, () => false);

/** Git reads a line that begins with a quote as a C string. */
function alternatesLine({ commonDir }: UserRepository): string {
  const objects = path.join(commonDir, 'objects');
  return /["\n\\]/.test(objects) ? `${JSON.stringify(objects)}\n` : `${objects}\n`;
}

/** Where the user's history is cut, ours is cut at the same commits. */
export async function followShallow(gitDir: string, theirs: UserRepository): Promise<void> {
  const to = path.join(gitDir, 'shallow');
  const temporary = path.join(gitDir, 'autopack', `${process.pid}-shallow-${Math.random().toString(36).slice(2)}`);
  const copied = await copyFile(path.join(theirs.commonDir, 'shallow'), temporary).then(() => true, () => false);
  if (copied) {
    await chmod(temporary, PRIVATE.mode);
    await rename(temporary, to);
  } else await rm(to, { force: true });
}

/** Removes what processes that are gone have left: names tell whose they were. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /^(?:\.new-)?(\d+)-/.exec(name)?.[1];
    if (pid !== undefined && !lives(Number(pid))) await rm(path.join(folder, name), { recursive: true, force: true });
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const text = (file: string): Promise<string | null> => readFile(file, 'utf8').catch(() => null);

/** A private index, so that two candidates never meet. */
export async function withIndex<T>(ours: Ours, use: (call: GitCall) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(ours.gitDir, 'autopack', `${process.pid}-`));
  try {
    return await use({ ...ours.call, indexFile: path.join(folder, 'index') });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
