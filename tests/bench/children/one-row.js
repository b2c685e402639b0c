// Bare node:sqlite: a new file, one durable row, then the end.
import { hash } from 'node:crypto';
import { DatabaseSync } from 'node:sqlite';

const db = new DatabaseSync(process.argv[2]);
db.exec('pragma journal_mode = wal; pragma synchronous = full; create table if not exists entry (seq integer primary key, data text not null, hash text not null) strict');
const data = 'x'.repeat(400);
db.prepare('insert into entry (data, hash) values (?, ?)').run(data, hash('sha256', data));
db.close();
