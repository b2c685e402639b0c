// The store in SQLite
// ===================
// Events, bodies, memos and snapshots in one database file: WAL, every commit synced to the disk.

import { resolve } from 'node:path';
import type { Blobs } from '#src/ports/blobs.ts';
import type { EventStore } from '#src/ports/event-store.ts';
import type { Snapshots } from '#src/ports/snapshots.ts';
import { sqliteBlobs } from './blobs.ts';
import { commitQueue } from './commit-queue.ts';
import { connect } from './connection.ts';
import { sqliteEvents } from './events.ts';
import { preparePrivateFile } from './files.ts';
import { PATIENCE_MS, patiently } from './patience.ts';
import { readingOf } from './reading.ts';
import { sqliteSnapshots } from './snapshots.ts';

export interface SqliteOptions {
  /** The database file; it and the folders above it are made when missing. */
  readonly path: string;
  /** How long a lock of another process is waited for before `store.unavailable`. */
  readonly patienceMs?: number;
  /** Aborts when the process shall end: locks are then waited for a second at most. */
  readonly stop?: AbortSignal | undefined;
  /** The file may have so many pages of 4 KiB, then it is `store.full`; unlimited unless told. */
  readonly pagesMax?: number;
  /** Stands around every COMMIT (`now` commits): where tests let one fail. */
  readonly commit?: (now: () => void) => void;
}

export interface Store {
  readonly events: EventStore;
  readonly blobs: Blobs;
  readonly snapshots: Snapshots;
  /** Settles what was asked, ends the subscriptions, closes the file. The same as `events.close`; twice is fine. */
  readonly close: () => Promise<void>;
}

/** @throws ExecutorError `store.unavailable` | `store.damaged` | `store.newer_schema` | `store.full` */
export async function openSqliteStore({ path: given, patienceMs = PATIENCE_MS, stop, pagesMax, commit = (now) => now() }: SqliteOptions): Promise<Store> {
  const path = resolve(given); // absolute, so that neither `:memory:` nor `file:` means something else to SQLite
  const patience = { path, patienceMs, stop };
  preparePrivateFile(path);
  const db = await patiently(patience, () => connect(path));
  if (pagesMax !== undefined) db.exec(`pragma max_page_count = ${pagesMax}`);
  const queue = commitQueue(db, { ...patience, commit });
  const closeFile = async (): Promise<void> => {
    await queue.close();
    if (db.isOpen) db.close();
  };
  const reading = readingOf(db, patience);
  const events = sqliteEvents({ db, queue, path, reading, close: closeFile });
  return { events, blobs: sqliteBlobs({ db, queue, reading }), snapshots: sqliteSnapshots({ db, queue, reading }), close: () => events.close() };
}
