// Acquires argv's run in argv's folder, says how that went, and lives on until it is killed.

import { sqliteHolders } from '#src/adapters/sqlite/holder.ts';

const [folder = '', run = ''] = process.argv.slice(2);
try {
  await sqliteHolders(folder).acquire(run);
  console.log(`held ${process.pid}`);
} catch (error) {
  console.log(`refused ${error instanceof Error ? error.message : String(error)}`);
}
setInterval(() => {}, 60_000);
