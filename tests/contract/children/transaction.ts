// Opens a write transaction on argv's store, writes an event that must never be seen, prints its pid and waits; SIGTERM
// ends it the polite way.

import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2] ?? '');
db.exec(`begin immediate; insert into event (stream, revision, id, type, data, hash, nonce) values ('run-small', 9999, 'never', 'never.seen', '{}', '', '')`);
process.on('SIGTERM', () => {
  db.exec('rollback');
  process.exit(0);
});
setInterval(() => {}, 60_000);
console.log(process.pid);
