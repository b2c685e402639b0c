// Files of a checkout
// ===================
// What foreign code left there is read and removed by its place alone: every folder on the way is a folder, the end is
// a plain file with one name. Nobody else writes at that time; the command's processes are gone.

import { constants } from 'node:fs';
import { lstat, open, unlink } from 'node:fs/promises';
import path from 'node:path';

/** The path on the disk; null where it leaves the checkout, or a link or nothing stands on the way. */
async function placeOf(root: string, file: string): Promise<string | null> {
  const parts = file.split('/').filter((part) => part !== '' && part !== '.');
  const name = parts.pop();
  if (name === undefined || path.isAbsolute(file) || [...parts, name].some((part) => part === '..' || part.includes('\0'))) return null;
  let folder = root;
  for (const part of parts) {
    folder = path.join(folder, part);
    if ((await statusOf(folder))?.isDirectory() !== true) return null;
  }
  return path.join(folder, name);
}

const statusOf = (at: string) => lstat(at).catch(() => null);

export async function readInside(root: string, file: string, bytesMax: number): Promise<Uint8Array | null> {
  const place = await placeOf(root, file);
  if (place === null || (await statusOf(place))?.isFile() !== true) return null;
  const handle = await open(place, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => null);
  if (handle === null) return null;
  try {
    const status = await handle.stat();
    // A second name may stand outside.
    return status.isFile() && status.nlink === 1 && status.size <= bytesMax ? await handle.readFile() : null;
  } finally {
    await handle.close();
  }
}

export async function forgetInside(root: string, file: string): Promise<void> {
  const place = await placeOf(root, file);
  const status = place === null ? null : await statusOf(place);
  if (place !== null && status !== null && !status.isDirectory()) await unlink(place);
}
