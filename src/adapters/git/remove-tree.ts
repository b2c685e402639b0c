// Removing a folder in which foreign code ran
// ===========================================

import { chmod, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** Removes a folder although parts of it are read-only; follows no link. Nothing there is fine. */
export async function removeTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  } catch {
    await openFolders(folder);
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function openFolders(folder: string): Promise<void> {
  const pending = [folder];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    await chmod(next, 0o700).catch(() => {});
    const entries = await readdir(next, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) if (entry.isDirectory()) pending.push(path.join(next, entry.name));
  }
}

/** Frees the name at once, whatever the removal meets. */
export async function discardTree(folder: string): Promise<void> {
  const aside = `${folder}.old-${process.pid}-${Math.random().toString(36).slice(2)}`;
  const moved = await rename(folder, aside).then(() => true, () => false);
  await removeTree(moved ? aside : folder);
}
