// Everything that `autopack run` loads, a new store, and one run of one step in it, then the end.
import { enableCompileCache } from 'node:module';

const [, , path = '', cache] = process.argv;
enableCompileCache(cache); // as bin/autopack.js does; before any TypeScript is loaded
await import('#src/cli/program.ts');
await Promise.all([import('#src/cli/context.ts'), import('#src/cli/run-commands.ts')]);
const { openSqliteStore } = await import('#src/adapters/sqlite/store.ts');
const { driveRuns } = await import('../world.ts');
const store = await openSqliteStore({ path });
await driveRuns(store, ['cold'], 1);
await store.close();
