// Private files
// =============
// What we create is for its owner alone: folders 0700, files 0600. SQLite gives -wal, -shm and -journal the mode of
// their database, so only the database itself is made here.

import { accessSync, closeSync, constants, fchmodSync, mkdirSync, openSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { ExecutorError } from '#src/errors/errors.ts';
import { storeError } from './errors.ts';

/**
 * Creates `path` (absolute) and the folders above it when they are missing; an existing file keeps its mode.
 *
 * A file that may not be written is refused before SQLite sees it, which would leave a -wal and a -shm that may not be
 * written either, and would still be in the way when the file itself is mended.
 *
 * An existing file is never opened here: closing it again would drop every POSIX lock that this process has on it.
 *
 * @throws ExecutorError `store.unavailable` | `store.full`
 */
export function preparePrivateFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    createOnce(path);
    if (statSync(path).isFile()) return accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw storeError(error, path);
  }
  throw new ExecutorError('store.unavailable', `the store ${path} is not a file`, { hint: 'name a file with --store, not a folder' });
}

function createOnce(path: string): void {
  try {
    const file = openSync(path, 'wx', 0o600);
    fchmodSync(file, 0o600); // the mode above is cut by the umask, never widened
    closeSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
