// Opens argv's store, which upgrades it, and SIGKILLs itself right before argv's n-th statement of that; prints `open`
// when there were fewer.

import { DatabaseSync } from 'node:sqlite';
import { connect } from '#src/adapters/sqlite/connection.ts';

const [path = '', n = '0'] = process.argv.slice(2);
let statements = 0;
const exec = DatabaseSync.prototype.exec;
DatabaseSync.prototype.exec = function dying(this: DatabaseSync, sql: string): void {
  for (const statement of sql.split(';').filter((part) => part.trim() !== '')) {
    statements += 1;
    if (statements === Number(n)) process.kill(process.pid, 'SIGKILL');
    exec.call(this, statement);
  }
};
connect(path).close();
console.log('open');
