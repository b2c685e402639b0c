// Baseline
// ========
// What a user could write by hand in an afternoon: rows of 400 B in node:sqlite, chained by hash. No chart, no parse.

import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';
import { PAYLOAD_BYTES } from './world.ts';

const SETTINGS = 'pragma journal_mode = wal; pragma synchronous = full; create table entry (run text not null, seq integer not null, data text not null, hash text not null, primary key (run, seq)) strict, without rowid';

/** @param perCommit rows in one transaction. @returns milliseconds for `rows` rows. */
export function commitRows(path: string, rows: number, perCommit: number): number {
  const db = new DatabaseSync(path);
  db.exec(SETTINGS);
  const insert = db.prepare('insert into entry (run, seq, data, hash) values (?, ?, ?, ?)');
  let previous = '';
  const start = performance.now();
  for (let seq = 0; seq < rows; seq += 1) {
    if (perCommit > 1 && seq % perCommit === 0) db.exec('begin immediate');
    const data = `${seq} `.padEnd(PAYLOAD_BYTES, 'the quick brown fox jumps over the lazy dog ');
    previous = hash('sha256', previous + data);
    insert.run('bench', seq, data, previous);
    if (perCommit > 1 && (seq % perCommit === perCommit - 1 || seq === rows - 1)) db.exec('commit');
  }
  const took = performance.now() - start;
  db.close();
  return took;
}
