// Snapshots in SQLite
// ===================
// The Snapshots port, in a side table of the same file. See src/ports/snapshots.ts for the promises.

import type { DatabaseSync } from 'node:sqlite';
import type { Snapshots } from '#src/ports/snapshots.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Reading } from './reading.ts';

export interface SnapshotsParts {
  readonly db: DatabaseSync;
  readonly queue: CommitQueue;
  readonly reading: Reading;
}

export function sqliteSnapshots({ db, queue, reading }: SnapshotsParts): Snapshots {
  const upsert = db.prepare(
    'insert into snapshot (run, seq, text, sha256) values (?, ?, ?, ?) on conflict (run) do update set seq = excluded.seq, text = excluded.text, sha256 = excluded.sha256',
  );
  const newestQuery = db.prepare('select seq, text, sha256 from snapshot where run = ?');
  const dropping = db.prepare('delete from snapshot where run = ?');
  // After a COMMIT of unknown outcome a cache is simply lost: the next one comes.
  const write = async (apply: () => void): Promise<void> => {
    await queue.add({ apply: () => (apply(), true), find: () => null });
  };
  return {
    keep: (run, { seq, text, sha256 }) => write(() => void upsert.run(run, seq, text, sha256)),
    newest: (run) =>
      reading(() => {
        const row = newestQuery.get(run);
        return row === undefined ? null : { seq: Number(row['seq']), text: String(row['text']), sha256: String(row['sha256']) };
      }),
    drop: (run) => write(() => void dropping.run(run)),
  };
}
