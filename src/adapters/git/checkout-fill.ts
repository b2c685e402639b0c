// What the plan adds to a checkout
// =================================
// Ignored files of the user's working tree (`workspace.include`, `workspace.link`) that no tree holds and tests need: read
// there, never written, and never in the place of a file of the tree.

import { constants } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, readlink, realpath, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { isGitName } from '#src/domain/protected-names.ts';
import type { Fill, Link } from '#src/ports/workspace.ts';
import { unusable } from './repository.ts';

interface Places {
  /** Absolute, real: the user's working tree. */
  readonly root: string;
  /** Absolute, real: the files of the checkout. */
  readonly files: string;
}

/** @returns what is to be seen read-only: its place in the checkout is made, and empty. */
export async function fillCheckout(userRoot: string, folder: string, { include, link }: Fill): Promise<Link[]> {
  const places = { root: await realpath(userRoot), files: await realpath(folder) };
  for (const name of include) await copy(await sourceOf(places.root, name), await targetOf(places.files, name), places);
  const links: Link[] = [];
  for (const name of link) {
    const [from, to] = [await sourceOf(places.root, name), await targetOf(places.files, name)];
    if ((await kindOf(to)) !== 'absent') {
      await copy(from, to, places); // the tree has some of it: a mount would hide that
    } else {
      await ((await kindOf(from)) === 'folder' ? mkdir(to) : writeFile(to, ''));
      links.push({ from, to });
    }
  }
  return links;
}

const isBelow = (file: string, folder: string): boolean => file === folder || file.startsWith(folder + path.sep);

/** Absolute and real. @throws ExecutorError `workspace.unusable` */
async function sourceOf(root: string, name: string): Promise<string> {
  const source = await realpath(path.join(root, name)).catch(() => null);
  if (source === null) throw unusable(`the plan adds ${name} to every checkout, but it is not there`, 'Make it, or remove it from workspace.include or workspace.link.');
  const inside = path.relative(root, source).split(path.sep);
  if (source === root || !isBelow(source, root) || inside.some(isGitName)) throw unusable(`the plan adds ${name} to every checkout, but it leads outside of the working tree`, 'Put a copy into the working tree.');
  return source;
}

/** Folders on the way are made; one that is a link of the tree is not followed. */
async function targetOf(files: string, name: string): Promise<string> {
  const segments = name.split('/');
  let folder = files;
  for (const segment of segments.slice(0, -1)) {
    folder = path.join(folder, segment);
    const kind = await kindOf(folder);
    if (kind === 'absent') await mkdir(folder);
    else if (kind !== 'folder') throw unusable(`the plan adds ${name} to every checkout, but the repository has no folder for it`, 'Remove it from workspace.include or workspace.link.');
  }
  return path.join(folder, segments.at(-1) ?? '');
}

type Kind = 'folder' | 'file' | 'link' | 'other' | 'absent';

async function kindOf(file: string): Promise<Kind> {
  const found = await lstat(file).catch(() => null);
  if (found === null) return 'absent';
  return found.isDirectory() ? 'folder' : found.isFile() ? 'file' : found.isSymbolicLink() ? 'link' : 'other';
}

/** Sockets, pipes, and repositories within are no files that a test needs. */
async function copy(from: string, to: string, places: Places): Promise<void> {
  const [kind, there] = [await kindOf(from), await kindOf(to)];
  if (kind === 'folder') {
    if (there === 'absent') await mkdir(to);
    if (there === 'absent' || there === 'folder') await copyFolder(from, to, places);
  } else if (kind === 'file' && there === 'absent') await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  else if (kind === 'link' && there === 'absent') await copyLink(from, to, places);
}

async function copyFolder(from: string, to: string, places: Places): Promise<void> {
  const entries = (await readdir(from, { withFileTypes: true })).filter(({ name }) => !isGitName(name) && name !== '.autonomous_runs');
  const move = (name: string): Promise<void> => copy(path.join(from, name), path.join(to, name), places);
  await Promise.all(entries.filter((entry) => !entry.isDirectory()).map(({ name }) => move(name)));
  for (const { name } of entries.filter((entry) => entry.isDirectory())) await move(name); // one after the other: a tree may hold any number
}

/** A link into the working tree leads into the checkout instead; one of the system stays; one that would lead elsewhere is left out. */
async function copyLink(from: string, to: string, { root, files }: Places): Promise<void> {
  const target = await readlink(from);
  const meant = path.resolve(path.dirname(from), target);
  if (isBelow(meant, root)) await symlink(path.relative(path.dirname(to), path.join(files, path.relative(root, meant))), to);
  else if (path.isAbsolute(target)) await symlink(target, to);
}
