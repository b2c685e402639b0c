// The connection
// ==============
// A store's file, checked, in WAL, synced at every commit, at this version's schema.

import { DatabaseSync } from 'node:sqlite';
import { ExecutorError } from '#src/errors/errors.ts';
import { BUSY_TIMEOUT_MS } from './patience.ts';
import { checkOurs, upgrade } from './schema.ts';

/** @throws ExecutorError `store.newer_schema` | `store.unavailable`; SQLite's own errors as they are, a lock among them. */
export function connect(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    checkOurs(db, path); // before the first write: WAL is written into the file
    const mode = db.prepare('pragma journal_mode = wal').get()?.['journal_mode'];
    if (mode !== 'wal') {
      throw new ExecutorError('store.unavailable', `the store ${path} is on a file system without shared memory`, { hint: 'name a file on a local disk with --store' });
    }
    db.exec('pragma synchronous = full');
    upgrade(db, path);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}
