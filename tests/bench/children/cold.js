// Everything that `autopack run` loads, a new store, and one run of one step in it, then the end.
import { enableCompileCache } from 'node:module';

enableCompileCache(process.argv[3]); // as bin/autopack.js does
await import('#src/cli/program.ts');
await Promise.all([import('#src/cli/context.ts'), import('#src/cli/run-commands.ts')]);
const { openSqliteStore } = await import('#src/adapters/sqlite/store.ts');
const { driveRun } = await import('../world.ts');
const store = await openSqliteStore({ path: process.argv[2] });
await driveRun(store, 'bench', 1);
await store.close();
