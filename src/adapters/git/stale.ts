// What our repositories and checkouts leave behind
// ================================================
// Found and removed on request alone. A repository of ours is stale when the user's that it borrows from is gone; a run that
// still wants it makes it again from the log.

import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { removeTree } from './remove-tree.ts';

export interface Stale {
  /** Absolute. */
  readonly folder: string;
  /** The run of a checkout; where a repository borrowed from. */
  readonly of: string;
}

/** Folders of checkouts by run, whoever's they are. */
export async function checkoutsIn(home: string): Promise<Stale[]> {
  const work = path.join(home, 'work');
  const entries = await readdir(work, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => ({ folder: path.join(work, name), of: name })).sort((a, b) => (a.of < b.of ? -1 : 1));
}

export async function staleRepositories(home: string): Promise<Stale[]> {
  const repos = path.join(home, 'repos');
  const names = (await readdir(repos).catch(() => [])).filter((name) => name.endsWith('.git')).sort();
  const found = await Promise.all(names.map(async (name) => {
    const folder = path.join(repos, name);
    const line = (await readFile(path.join(folder, 'objects/info/alternates'), 'utf8').catch(() => '')).trim();
    const borrowed = line.startsWith('"') ? (JSON.parse(line) as string) : line;
    return borrowed === '' || (await stat(borrowed).then(() => true, (error: NodeJS.ErrnoException) => error.code !== 'ENOENT')) ? [] : [{ folder, of: path.dirname(borrowed) }];
  }));
  return found.flat();
}

export async function bytesIn(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map((entry) => stat(path.join(entry.parentPath, entry.name)).then(({ size }) => size, () => 0)));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** @param folder one that was found here. */
export const removeStale = ({ folder }: Stale): Promise<void> => removeTree(folder);
